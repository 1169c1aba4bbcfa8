import { describe, expect, it } from 'vitest';

import type { Received } from './received.ts';
import { receiveSlack } from './slack.ts';

function post(payload: unknown, path = '/slack/alerts-critical'): Received {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return receiveSlack({ path, contentType: 'application/json', authorization: '', body });
}

function accepted(payload: unknown, path?: string) {
  const received = post(payload, path);
  if (received.outcome !== 'accepted') throw new Error(`refused: ${received.reason}`);
  expect(received.answer).toMatchObject({ status: 200, body: 'ok' });
  return received.message;
}

// As Alertmanager's slack_configs send it.
const alert = {
  channel: '#alerts-critical',
  username: 'Alertmanager',
  attachments: [
    {
      color: 'danger',
      title: '[FIRING:2] ServiceDown · api',
      title_link: 'http://localhost:9093/#/alerts?filter=x',
      text: 'A service does not answer.\n• &lt;api&gt; since 11:20. <http://localhost:3001/d/lookout|The dashboard>',
      fields: [{ title: 'Severity', value: 'critical', short: true }],
      actions: [
        { type: 'button', text: 'Runbook', url: 'http://localhost:8025/runbooks/ServiceDown' },
        { type: 'button', text: 'Silence', url: 'http://localhost:9093/#/silences/new?filter=x' },
      ],
      mrkdwn_in: ['fallback', 'pretext', 'text'],
    },
  ],
};

describe('a Slack payload that Slack would take', () => {
  it('is understood whole: channel, sender, severity, status, text, fields and links', () => {
    expect(accepted(alert)).toEqual({
      channel: 'slack',
      to: '#alerts-critical',
      from: 'Alertmanager',
      severity: 'critical',
      status: 'firing',
      title: '[FIRING:2] ServiceDown · api',
      text: 'A service does not answer.\n• <api> since 11:20. The dashboard',
      fields: [{ name: 'Severity', value: 'critical' }],
      links: [
        {
          kind: 'runbook',
          label: 'Runbook',
          url: 'http://localhost:8025/runbooks/ServiceDown',
        },
        { kind: 'dashboard', label: 'Dashboard', url: 'http://localhost:3001/d/lookout' },
        {
          kind: 'silence',
          label: 'Silence',
          url: 'http://localhost:9093/#/silences/new?filter=x',
        },
        {
          kind: 'other',
          label: 'Alertmanager',
          url: 'http://localhost:9093/#/alerts?filter=x',
        },
      ],
    });
  });

  it('takes the severity from the colour, and from the channel when the colour says resolved', () => {
    const title = '[RESOLVED] SlowResponseTime · api';
    const warning = accepted(
      { attachments: [{ color: 'warning', title: '[FIRING:1] X' }] },
      '/slack/x',
    );
    const resolved = accepted(
      { attachments: [{ color: 'good', title }] },
      '/slack/alerts-warnings',
    );
    expect(warning).toMatchObject({ severity: 'warning', status: 'firing', to: '#x' });
    expect(resolved).toMatchObject({ severity: 'warning', status: 'resolved', title });
  });

  it('may be text alone: its first line is the title, and it is no alert', () => {
    const message = accepted({ text: 'Deployed 1.2.3\nby ada, https://example.com/1.' });
    expect(message).toMatchObject({
      title: 'Deployed 1.2.3',
      text: 'by ada, https://example.com/1.',
    });
    expect(message.status).toBeUndefined();
    expect(message.links).toEqual([
      { kind: 'other', label: 'example.com', url: 'https://example.com/1' },
    ]);
  });

  it('may be Block Kit', () => {
    const message = accepted({
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: '[FIRING:1] HighErrorRate' } },
        { type: 'section', text: { type: 'mrkdwn', text: 'Severity: warning' } },
        { type: 'section', fields: [{ type: 'mrkdwn', text: '*Service*\napi' }] },
        {
          type: 'actions',
          elements: [
            {
              type: 'button',
              text: { type: 'plain_text', text: 'Runbook' },
              url: 'https://example.com/how',
            },
          ],
        },
      ],
    });
    expect(message).toMatchObject({
      title: '[FIRING:1] HighErrorRate',
      severity: 'warning',
      status: 'firing',
      fields: [{ name: 'Service', value: 'api' }],
      links: [{ kind: 'runbook', label: 'Runbook', url: 'https://example.com/how' }],
    });
  });

  it('may come in the form field `payload`', () => {
    const received = receiveSlack({
      path: '/slack/x',
      contentType: 'application/x-www-form-urlencoded',
      authorization: '',
      body: new URLSearchParams({ payload: '{"text":"hello"}' }).toString(),
    });
    expect(received).toMatchObject({ outcome: 'accepted', message: { title: 'hello' } });
  });

  it('never makes anything but http(s) a link', () => {
    const message = accepted({
      text: 'x',
      attachments: [
        {
          title: 'y',
          title_link: 'javascript:alert(1)',
          actions: [{ type: 'button', text: 'Runbook', url: 'data:text/html,x' }],
        },
      ],
    });
    expect(message.links).toEqual([]);
  });
});

describe('a Slack payload that Slack would refuse', () => {
  it.each([
    ['no JSON', '{"text": '],
    ['an empty body', ''],
    ['nothing to show', { channel: '#x' }],
    ['blank text', { text: '  ' }],
    ['text that is no string', { text: 7 }],
    ['attachments that are no list', { attachments: { title: 'x' } }],
    ['a block without a type', { blocks: [{ text: { type: 'mrkdwn', text: 'x' } }] }],
    ['more than 50 blocks', { blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }],
  ])('is answered 400 invalid_payload: %s', (_name, payload) => {
    const received = post(payload);
    expect(received.outcome).toBe('refused');
    expect(received.answer).toMatchObject({ status: 400, body: 'invalid_payload' });
  });
});

describe('chat.postMessage, as a bot calls it', () => {
  const token = 'Bearer xoxb-1-2-abc';
  const call = (payload: unknown, authorization: string) =>
    receiveSlack({
      path: '/slack/api/chat.postMessage',
      contentType: 'application/json',
      authorization,
      body: JSON.stringify(payload),
    });

  it('is understood as a webhook is, and answered in JSON', () => {
    const received = call(alert, token);
    if (received.outcome !== 'accepted') throw new Error(`refused: ${received.reason}`);
    expect(received.message).toEqual(accepted(alert));
    expect(received.answer.status).toBe(200);
    expect(JSON.parse(received.answer.body)).toEqual({ ok: true, channel: '#alerts-critical' });
  });

  it.each([
    ['not_authed', alert, ''],
    ['invalid_auth', alert, 'Bearer T0/B0/secret'],
    ['channel_not_found', { text: 'hello' }, token],
    ['no_text', { channel: '#x' }, token],
    ['invalid_json', 'text', token],
  ])('is refused as Slack does, with 200 and %s', (error, payload, authorization) => {
    const received = call(payload, authorization);
    expect(received.outcome).toBe('refused');
    expect(received.answer.status).toBe(200);
    expect(JSON.parse(received.answer.body)).toEqual({ ok: false, error });
  });
});
