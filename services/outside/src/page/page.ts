import { html, type Html } from '../html.ts';
import type { HeartbeatStatus } from '../inbox/heartbeat.ts';
import type { Filter } from '../inbox/inbox.ts';
import {
  channels,
  severities,
  type Channel,
  type Message,
  type Severity,
} from '../inbox/message.ts';
import { channelNames, showMessage } from './message.ts';

/** What the page shows: alerts of all channels, everything, or one channel. */
export interface View {
  show: 'alerts' | 'all' | Channel;
  severity?: Severity | undefined;
}

export function filterOf({ show, severity }: View): Filter {
  if (show === 'alerts') return { alerts: true, severity };
  return { channel: show === 'all' ? undefined : show, severity };
}

/** The inbox page. Complete without its script, which only makes it live. */
export function inboxPage(view: View, messages: Message[], heartbeat: HeartbeatStatus): Html {
  return layout(
    'Inbox',
    html`<header class="top">
        <div class="bar">
          <a class="brand" href="/"
            ><img src="/logo.svg" alt="" width="36" height="36" /><span
              ><strong>Inbox</strong><small>Crow’s Nest</small></span
            ></a
          >
          <div class="states">${pulse(heartbeat)}<span id="live" class="state">not live</span></div>
        </div>
        <nav class="bar filters" aria-label="Filters">
          <div class="tabs">${tabs(view)}</div>
          <div class="chips">${chips(view)}</div>
        </nav>
      </header>
      <main>
        <ol
          id="timeline"
          data-stream="/api/stream?${streamQuery(view)}"
          aria-live="polite"
          aria-label="Messages"
        >
          ${messages.map(showMessage)}
        </ol>
        ${empty(view, messages.length > 0)}
      </main>
      <script src="/inbox.js" defer></script>`,
  );
}

/** The frame that every page of this service has. */
export function layout(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Crow’s Nest</title>
        <link rel="icon" href="/logo.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

function pulse({ state, lastAt }: HeartbeatStatus): Html {
  return html`<span
    id="heartbeat"
    class="state"
    data-state="${state}"
    data-last="${lastAt ?? ''}"
    title="Alertmanager sends a heartbeat each minute. Three missed ones raise an alarm here."
    >${
      state === 'missed'
        ? 'no heartbeat'
        : lastAt === null
          ? 'waiting for the first heartbeat'
          : `heartbeat at ${lastAt.slice(11, 19)} UTC`
    }</span
  >`;
}

function tabs(view: View): Html[] {
  const names = { alerts: 'Alerts', ...channelNames, all: 'Everything' };
  return (['alerts', ...channels, 'all'] as const).map((show) =>
    choice(names[show], { ...view, show }, view.show === show),
  );
}

function chips(view: View): Html[] {
  return [
    choice('any severity', { show: view.show }, view.severity === undefined),
    ...severities.map((severity) =>
      choice(severity, { ...view, severity }, view.severity === severity),
    ),
  ];
}

function choice(name: string, view: View, chosen: boolean): Html {
  const current = chosen ? html` aria-current="true"` : undefined;
  return html`<a href="${address(view)}" ${current}>${name}</a>`;
}

function address({ show, severity }: View): string {
  const query = new URLSearchParams();
  if (show !== 'alerts') query.set('show', show);
  if (severity) query.set('severity', severity);
  return query.size > 0 ? `/?${query.toString()}` : '/';
}

function streamQuery(view: View): string {
  const { channel, severity, alerts } = filterOf(view);
  const query = new URLSearchParams();
  if (channel) query.set('channel', channel);
  if (severity) query.set('severity', severity);
  if (alerts) query.set('alerts', 'true');
  return query.toString();
}

const explanations: Record<View['show'], string> = {
  alerts: 'Alerts come here as Slack, PagerDuty, SMS and mail would have shown them.',
  all: 'Everything that leaves the system comes here: alerts, and the mails that customers get.',
  slack: 'Alerts come here as soon as they fire, each severity in a channel of its own.',
  pagerduty: 'Critical alerts come here at once, as the incident that would wake someone.',
  sms: 'A critical alert that is still firing after five minutes comes here as a text message.',
  mail: 'Alerts that nobody took care of come here, and the mails that customers get.',
  heartbeat:
    'Alertmanager says each minute that it is alive. When it has not for three minutes, the alarm comes here, because then nothing else would.',
};

/** Told when there is nothing to show; the page's style hides it as soon as there is. */
function empty(view: View, hidden: boolean): Html {
  return html`<section id="empty" class="empty" ${hidden ? html`hidden` : undefined}>
    <svg class="icon" aria-hidden="true"><use href="/icons.svg#calm"></use></svg>
    <h2>${view.show === 'alerts' ? 'All quiet' : 'Nothing here yet'}</h2>
    <p>${explanations[view.show]}</p>
    <p>To see one, stop the trading API, and watch it arrive in about a minute and a half:</p>
    <pre>docker compose stop api</pre>
    <p>Start it again, and the same alert comes back as resolved:</p>
    <pre>docker compose start api</pre>
  </section>`;
}
