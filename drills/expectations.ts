// What is expected of the lookout, compared with what it did. Pure.

import type { ActiveAlert, Message } from '../tests/lookout.ts';
import type { Alert, Incident } from './drill.ts';

type Labels = Record<string, string>;

/** A message that has to reach the inbox. */
export interface Notice {
  channel: Message['channel'];
  to: RegExp;
  /** Words of its title. */
  words: string[];
}

/** Whether these labels are those of the alert. */
export function isOf(labels: Labels, { alertname, labels: wanted = {} }: Alert): boolean {
  return (
    labels['alertname'] === alertname &&
    Object.entries(wanted).every(([name, value]) => {
      const has = labels[name] ?? '';
      return typeof value === 'string' ? has === value : value.test(has);
    })
  );
}

/** An alert as people read it: `ServiceDown api`. */
export function nameOf(raises: Incident['raises']): string {
  if (raises === 'heartbeat') return "the inbox's alarm";
  const service = raises.labels?.['service'];
  return typeof service === 'string' ? `${raises.alertname} ${service}` : raises.alertname;
}

/** What the inbox says of itself when nothing is heard of Alertmanager any more. */
export const ownAlarm: Notice[] = [{ channel: 'heartbeat', to: /^inbox$/, words: ['heartbeat'] }];

const teamsWithChannel = ['trading', 'security'];

/**
 * Who is told of an alert at once (alertmanager/alertmanager.yml), and again when it is over. Escalation is left out: it takes
 * longer than a drill.
 */
export function noticesOf(labels: Labels): Notice[] {
  const { alertname = '', service = '', severity = '', team = '' } = labels;
  const words = [alertname, service].filter((word) => word !== '');
  const slack = (to: RegExp): Notice => ({ channel: 'slack', to, words });
  return [
    ...(severity === 'critical'
      ? [slack(/^#alerts-critical$/), { channel: 'pagerduty' as const, to: /./, words }]
      : [slack(severity === 'warning' ? /^#alerts-warnings$/ : /^#alerts-general$/)]),
    ...(teamsWithChannel.includes(team) ? [slack(new RegExp(`^#team-${team}$`))] : []),
  ];
}

/**
 * The notices that have not come.
 *
 * @param since milliseconds: what came before is of another incident
 */
export function missing(
  notices: Notice[],
  messages: Message[],
  status: 'firing' | 'resolved',
  since: number,
): Notice[] {
  const candidates = messages.filter(
    (message) => message.status === status && Date.parse(message.at) >= since,
  );
  return notices.filter(
    ({ channel, to, words }) =>
      !candidates.some((message) => {
        const title = message.title.split(/\s+/);
        return (
          message.channel === channel &&
          to.test(message.to) &&
          words.every((word) => title.includes(word))
        );
      }),
  );
}

/** A notice as people read it: `slack #alerts-critical`. */
export function whereTo({ channel, to }: Notice): string {
  const named = /#[\w-]+/.exec(to.source)?.[0];
  return named === undefined ? channel : `${channel} ${named}`;
}

/** Those that began since: new ones, and those that had ended and fire again. */
export function begun(alerts: ActiveAlert[], before: ActiveAlert[]): ActiveAlert[] {
  const firing = ({ fingerprint, startsAt }: ActiveAlert) => `${fingerprint} ${startsAt}`;
  const known = new Set(before.map(firing));
  return alerts.filter((alert) => !known.has(firing(alert)));
}

/** Critical alerts that somebody is told of, and that do not follow from the incident. */
export function unexpected(alerts: ActiveAlert[], { raises, alsoFires = [] }: Incident): string[] {
  const expected = raises === 'heartbeat' ? alsoFires : [raises, ...alsoFires];
  return alerts
    .filter(
      ({ labels, status }) => labels['severity'] === 'critical' && status.state !== 'suppressed',
    )
    .filter(({ labels }) => !expected.some((one) => isOf(labels, one)))
    .map(({ labels }) => `${labels['alertname'] ?? '?'} ${labels['service'] ?? ''}`.trim());
}
