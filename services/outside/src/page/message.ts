import { html, type Html } from '../html.ts';
import type { Channel, Field, Link, Message } from '../inbox/message.ts';

export const channelNames: Record<Channel, string> = {
  slack: 'Slack',
  pagerduty: 'PagerDuty',
  sms: 'SMS',
  mail: 'Mail',
  heartbeat: 'Heartbeat',
};

/** One message of the timeline, in the manner of its channel. Everything in it is text from outside, so everything is escaped. */
export function showMessage(message: Message): Html {
  const { channel, severity, status } = message;
  const tone = status === 'resolved' ? 'resolved' : (severity ?? 'plain');
  return html`<li class="entry tone-${tone}" data-id="${message.id}">
    <div class="entry-head">
      <span class="channel"
        ><svg class="icon" aria-hidden="true"><use href="/icons.svg#${channel}"></use></svg
        >${channelNames[channel]}</span
      >
      <span class="to">${message.to}</span>
      ${status && html`<span class="badge badge-${status}">${status}</span>`}
      ${severity && html`<span class="badge badge-${severity}">${severity}</span>`}
      <time datetime="${message.at}">${message.at.slice(11, 19)} UTC</time>
    </div>
    ${bodies[channel](message)}
  </li> `;
}

const bodies: Record<Channel, (message: Message) => Html> = {
  slack: (message) =>
    html`<article class="card slack">
      <span class="avatar" aria-hidden="true">${(message.from ?? 'A').slice(0, 1)}</span>
      <div class="slack-body">
        <p class="byline">
          <strong>${message.from ?? 'Alertmanager'}</strong><span class="app">APP</span>
        </p>
        <div class="attachment">
          <h2>${mrkdwn(message.title)}</h2>
          ${text(message)} ${fields(message.fields)} ${links(message.links)}
        </div>
      </div>
    </article>`,
  pagerduty: (message) =>
    html`<article class="card pagerduty">
      <p class="strip">
        <strong>${message.status === 'resolved' ? 'Resolved' : 'Triggered'}</strong>
        <span>${message.severity === 'critical' ? 'High urgency' : 'Low urgency'}</span>
      </p>
      <div class="padded">
        <h2>${message.title}</h2>
        ${text(message)} ${fields(message.fields)} ${links(message.links)}
      </div>
    </article>`,
  sms: (message) =>
    html`<article class="sms">
      <div class="bubble">
        <h2>${message.title}</h2>
        ${text(message)}
      </div>
      ${links(message.links)}
    </article>`,
  mail: (message) =>
    html`<article class="card mail">
      <header class="padded">
        <h2>${message.title}</h2>
        <p class="byline">From ${message.from ?? 'unknown'} to ${message.to}</p>
      </header>
      <div class="padded">${text(message)} ${links(message.links)}</div>
    </article>`,
  heartbeat: (message) =>
    html`<article class="card heartbeat padded">
      <h2>${message.title}</h2>
      ${text(message)}
    </article>`,
};

function text(message: Message): Html | undefined {
  if (message.text === '') return undefined;
  const shown = message.channel === 'slack' ? mrkdwn(message.text) : message.text;
  return html`<div class="text">${shown}</div>`;
}

/** Slack's `*bold*` and `code` in backticks; everything around and inside them stays text. */
function mrkdwn(source: string): (Html | string)[] {
  return source.split(/(`[^`\n]+`|(?<![\w*])\*[^*\n]+\*(?![\w*]))/).map((part, index) => {
    if (index % 2 === 0) return part;
    const inner = part.slice(1, -1);
    return part.startsWith('`') ? html`<code>${inner}</code>` : html`<strong>${inner}</strong>`;
  });
}

function fields(list: Field[] | undefined): Html | undefined {
  if (!list || list.length === 0) return undefined;
  return html`<dl class="fields">${list.map(field)}</dl>`;
}

/** Short values stand side by side, longer ones have a line to themselves, and what nobody reads at once is folded away. */
function field({ name, value }: Field): Html {
  if (value.length > 300) {
    return html`<div class="wide">
      <dt>${name}</dt>
      <dd>
        <details>
          <summary>${value.length} characters</summary>
          <pre>${value}</pre>
        </details>
      </dd>
    </div>`;
  }
  const wide = value.length > 40 || value.includes('\n');
  return html`<div ${wide ? html`class="wide"` : undefined}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function links(list: Link[]): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<p class="links">
    ${list.map(
      ({ kind, label, url }) =>
        html`<a class="link link-${kind}" href="${url}" target="_blank" rel="noopener noreferrer"
          >${label}</a
        > `,
    )}
  </p>`;
}
