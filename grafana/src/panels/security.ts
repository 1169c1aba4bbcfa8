import { BAD, GOOD, WARNING } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { graph, logGraph } from './graph.ts';
import { logTail } from './logs.ts';
import { redAbove, redFrom, type Panel } from './panel.ts';
import { ratioGraph } from './ratio.ts';
import { stat } from './stat.ts';
import { logTable } from './table.ts';

/** Who tries to come in: how often by metrics; by address, which is no label's value, and by whom from the log. */

const FAILED_LOGINS = 'auth_attempts_total{type="login", success="false"}';
const AUDIT = '{service_name=~"api|worker", level="info"} |= `"stream":"audit"`';
const SECURITY_EVENTS = '{service_name="api", level="warn"} |= `"message":"Security event"`';
const QUIET =
  'nobody attacks on a healthy day; hostile traffic, as of the security drills, fills it';

export function failedLogins(width: number): Panel {
  return stat({
    title: 'Failed logins in 5 min',
    description:
      'From all addresses. Bad: many times what the hour before was like (AuthFailuresJump, from 30 on).',
    unit: 'short',
    decimals: 0,
    width,
    expr: `sum(increase(${FAILED_LOGINS}[5m]))`,
  });
}

export function lockedAccounts(width: number): Panel {
  return events({
    title: 'Accounts locked in 10 min',
    description:
      'After too many wrong passwords. Bad: red, which is where AccountLockouts fires: somebody goes through a list of names.',
    width,
    type: 'account_locked',
    window: '10m',
    limit: thresholdOf('AccountLockouts'),
  });
}

export function forgedTokens(width: number): Panel {
  return events({
    title: 'Forged tokens in 5 min',
    description:
      'Bearer tokens that no login of ours can have given. Bad: red, which is where ForgedTokens fires.',
    width,
    type: 'token_forged',
    window: '5m',
    limit: thresholdOf('ForgedTokens'),
  });
}

export function traversals(width: number): Panel {
  return events({
    title: 'Path traversal in 5 min',
    description:
      'Requests for paths such as ../../etc/passwd, from all addresses. Bad: red, for one address alone DirectoryTraversalAttempts fires.',
    width,
    type: 'directory_traversal',
    window: '5m',
    limit: thresholdOf('DirectoryTraversalAttempts'),
  });
}

export function auditFaults(width: number): Panel {
  return stat({
    title: 'Audit log broken',
    description:
      'Lines of the audit logs that were changed, are missing or out of their place. Bad: any: evidence was tampered with, or lost (AuditLogBroken).',
    unit: 'short',
    width,
    thresholds: redAbove(thresholdOf('AuditLogBroken')),
    expr: 'max(audit_log_faults)',
  });
}

export function sessions(width: number): Panel {
  return stat({
    title: 'Sessions',
    description: 'That have not expired. Bad: growing without end, or far more than customers.',
    unit: 'short',
    width,
    // Every worker looks up the same number.
    expr: 'max(auth_active_sessions)',
  });
}

export function attempts(width: number): Panel {
  return graph({
    title: 'Attempts',
    description:
      'To register, log in, or use a token, per minute. Bad: any that failed growing: passwords are guessed, or a client has lost its token.',
    unit: 'opm',
    width,
    stacked: true,
    colours: { '.+ failed': BAD },
    queries: [
      {
        expr: 'sum by (type) (rate(auth_attempts_total{success="true"}[$__rate_interval])) * 60',
        legend: '{{type}}',
      },
      {
        expr: 'sum by (type) (rate(auth_attempts_total{success="false"}[$__rate_interval])) * 60',
        legend: '{{type}} failed',
      },
    ],
  });
}

export function failureShare(width: number): Panel {
  const logins = (success: string) =>
    `sum(increase(auth_attempts_total{type="login"${success}}[5m]))`;
  return ratioGraph({
    title: 'Share of logins that fail',
    description:
      'Over 5 minutes. Bad: near 1 for longer than a moment: nobody but a machine mistypes every time, unless logging in is broken.',
    width,
    max: 1,
    part: logins(', success="false"'),
    whole: logins(''),
    legend: 'failed',
  });
}

export function refusedRequests(width: number): Panel {
  return graph({
    title: 'Refused requests',
    description:
      'Answered with 401 (who are you?), 403 (not you), 429 (not so often), per second. Bad: a jump of one: a scan, or a client that does not log in again.',
    unit: 'reqps',
    width,
    stacked: true,
    colours: { '401': WARNING, '403': BAD, '429': 'purple' },
    queries: [
      {
        expr: 'sum by (status_code) (rate(http_requests_total{service="api", status_code=~"401|403|429"}[$__rate_interval]))',
        legend: '{{status_code}}',
      },
    ],
  });
}

export function eventsByType(width: number): Panel {
  return graph({
    title: 'Security events by type',
    description: 'In 5 minutes. Bad: a burst of one type; any webhook_forged.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    queries: [{ expr: 'sum by (type) (increase(security_events_total[5m]))', legend: '{{type}}' }],
  });
}

export function failuresByAddress(width: number): Panel {
  return logGraph({
    title: 'Failed logins by address',
    description:
      'In 5 minutes, the ten addresses with the most. Bad: one over the dashed line, where AuthFailuresHigh fires: it guesses.',
    unit: 'short',
    decimals: 0,
    width,
    limit: thresholdOf('AuthFailuresHigh'),
    queries: [
      {
        expr: `topk(10, sum by (address) (count_over_time(${AUDIT} |= \`"action":"auth.login"\` | json outcome, address | outcome="failure" [5m])))`,
        legend: '{{address}}',
      },
    ],
  });
}

export function eventsByAddress(width: number): Panel {
  return logTable({
    title: 'Security events by address, 1 h',
    description:
      'Who did what looks like an attack in the last hour. Bad: an address on top with several types: a scanner. Block it at the gateway.',
    width,
    rows: { address: 'Address', type: 'Event' },
    sortBy: 'Times',
    columns: [
      {
        title: 'Times',
        expr: `topk(50, sum by (address, type) (count_over_time(${SECURITY_EVENTS} | json type, address [1h])))`,
        unit: 'short',
      },
    ],
    whenEmpty: 'Nothing that looks like an attack',
    emptyWhenHealthy: QUIET,
  });
}

export function eventTail(width: number): Panel {
  return logTail({
    title: 'Last security events',
    description:
      'The newest first; open one for its address and the link to its trace. Bad: more than a scanner that passes by.',
    width,
    selector: SECURITY_EVENTS,
    readable: '| json type, address | line_format `{{.type}} from {{.address}}`',
    whenEmpty: 'Nothing that looks like an attack',
    emptyWhenHealthy: QUIET,
  });
}

export function auditByAction(width: number): Panel {
  return logGraph({
    title: 'Audit stream by action',
    description:
      'What was done that has to be answered for, in 5 minutes. Bad: an action that nobody was going to do, or a sudden silence: it is not written.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (action) (count_over_time(${AUDIT} | json action [5m]))`,
        legend: '{{action}}',
      },
    ],
  });
}

export function auditByOutcome(width: number): Panel {
  return logGraph({
    title: 'Audit stream by outcome',
    description: 'In 5 minutes. Bad: failures that grow while successes do not.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    colours: { success: GOOD, failure: BAD },
    queries: [
      {
        expr: `sum by (outcome) (count_over_time(${AUDIT} | json outcome [5m]))`,
        legend: '{{outcome}}',
      },
    ],
  });
}

export function auditTail(width: number): Panel {
  return logTail({
    title: 'Audit stream',
    description:
      'Who did what, from where, and how it ended, the newest first. Bad: a failure with a reason that you do not know; open it for all of it.',
    width,
    height: 10,
    selector: AUDIT,
    readable:
      '| json action, outcome, actor, address, target, reason ' +
      '| line_format `{{.action}} {{.outcome}}{{if .reason}} ({{.reason}}){{end}}: {{.actor}} from {{.address}}{{if .target}}, {{.target}}{{end}}`',
  });
}

interface Events {
  title: string;
  description: string;
  width: number;
  type: string;
  window: string;
  limit: number;
}

function events({ type, window, limit, ...text }: Events): Panel {
  return stat({
    ...text,
    unit: 'short',
    decimals: 0,
    thresholds: redFrom(limit),
    expr: `sum(increase(security_events_total{type="${type}"}[${window}]))`,
  });
}
