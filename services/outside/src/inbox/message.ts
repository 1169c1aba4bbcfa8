/** Where a message would have been read, had it left our walls. */
export const channels = ['slack', 'pagerduty', 'sms', 'mail', 'heartbeat'] as const;
export type Channel = (typeof channels)[number];

export const severities = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

export const statuses = ['firing', 'resolved'] as const;
export type Status = (typeof statuses)[number];

export const linkKinds = ['runbook', 'dashboard', 'silence', 'other'] as const;
export type LinkKind = (typeof linkKinds)[number];

export interface Link {
  kind: LinkKind;
  label: string;
  /** http or https only: anything else stays text. */
  url: string;
}

export interface Field {
  name: string;
  value: string;
}

/** A message as it was understood from what came. All texts are plain text, never HTML. */
export interface NewMessage {
  channel: Channel;
  /** Slack channel, PagerDuty service, phone number or topic, mail address. */
  to: string;
  /** Who it would have been shown from, where the channel shows that. */
  from?: string | undefined;
  severity?: Severity | undefined;
  /** Only an alert has one; a trade confirmation has not. */
  status?: Status | undefined;
  title: string;
  text: string;
  /** Name and value pairs that the channel shows as a table. */
  fields?: Field[] | undefined;
  links: Link[];
}

export interface Message extends NewMessage {
  id: string;
  /** When it arrived, ISO 8601 in UTC. */
  at: string;
}
