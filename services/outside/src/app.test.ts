import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createHealth, createTelemetry } from '@crows-nest/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createApp, createTally } from './app.ts';
import { Heartbeat } from './inbox/heartbeat.ts';
import { Inbox } from './inbox/inbox.ts';
import type { Message } from './inbox/message.ts';

let base: string;
let inbox: Inbox;
let stop: () => Promise<void>;

const json = { 'Content-Type': 'application/json' };
const post = (to: string, body: unknown, headers: Record<string, string> = json) =>
  fetch(base + to, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const page = async (at: string) => (await fetch(base + at)).text();
const watchdog = (status: string) => ({
  version: '4',
  status,
  alerts: [{ status, labels: { alertname: 'Watchdog' } }],
});

beforeEach(async () => {
  const now = () => new Date();
  const telemetry = createTelemetry({
    service: 'outside',
    version: '0.0.0',
    environment: 'test',
    logLevel: 'error',
  });
  const runbooksDirectory = await mkdtemp(path.join(tmpdir(), 'runbooks-'));
  await writeFile(
    path.join(runbooksDirectory, 'ServiceDown.md'),
    '# Down\n\n<script>alert(1)</script>\n\n[Other](Other.md), [docs/slo.md](../slo.md), [web](https://example.org/)\n',
  );
  await writeFile(path.join(runbooksDirectory, 'README.md'), '# Not an alert');
  inbox = new Inbox({ limit: 100, now });
  const heartbeat = new Heartbeat({ inbox, now, limitSeconds: 180, firstLimitSeconds: 300 });
  const { app, close } = createApp({
    telemetry,
    inbox,
    heartbeat,
    tally: createTally(telemetry, heartbeat),
    health: createHealth({ version: '0.0.0', checks: {}, started: () => true }),
    runbooksDirectory,
    gateway: undefined,
    faults: undefined,
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  stop = async () => {
    close();
    server.closeAllConnections();
    await once(server.close(), 'close');
    await telemetry.close();
    await rm(runbooksDirectory, { recursive: true });
  };
});
afterEach(() => stop());

describe('what reaches the world outside', () => {
  it('is kept where the real one would take it, and counted by channel and outcome', async () => {
    const statuses = await Promise.all([
      post('/slack/services/T0/B0/x', { text: 'hello' }),
      post('/slack/x', '{nope'),
      post('/v2/enqueue', {}),
      post('/', 'Action=Publish&PhoneNumber=%2B15550100&Message=hi', {
        'Content-Type': 'application/x-www-form-urlencoded',
        Authorization: 'AWS4-HMAC-SHA256 Credential=x',
      }),
      post('/heartbeat', watchdog('firing')),
      post('/heartbeat', { hello: 'world' }),
    ]).then((answers) => answers.map(({ status }) => status));
    expect(statuses).toEqual([200, 400, 400, 200, 200, 400]);
    expect(
      inbox
        .list({}, 10)
        .map(({ channel }) => channel)
        .sort(),
    ).toEqual(['slack', 'sms']);

    const metrics = await page('/metrics');
    for (const [channel, outcome] of [
      ['slack', 'accepted'],
      ['slack', 'refused'],
      ['pagerduty', 'refused'],
      ['sms', 'accepted'],
      ['heartbeat', 'accepted'],
      ['heartbeat', 'refused'],
    ]) {
      expect(metrics).toContain(
        `outside_messages_total{channel="${String(channel)}",outcome="${String(outcome)}"} 1`,
      );
    }
  });

  it('is refused with 413 when it is larger than PagerDuty would take', async () => {
    const answer = await post('/slack/x', { text: 'x'.repeat(600_000) });
    expect(answer.status).toBe(413);
    expect(inbox.list({}, 10)).toEqual([]);
  });

  it('takes what an API would keep of incidents, and keeps nothing of it', async () => {
    expect((await post('/incidents', watchdog('firing'))).status).toBe(204);
    expect(inbox.list({}, 10)).toEqual([]);
  });

  it('counts a Watchdog that fires as a heartbeat, and one that has resolved as none', async () => {
    const state = async () => (await fetch(`${base}/api/heartbeat`)).json();
    await post('/heartbeat', watchdog('resolved'));
    expect(await state()).toEqual({ state: 'waiting', lastAt: null });
    await post('/heartbeat', watchdog('firing'));
    expect(await state()).toMatchObject({ state: 'beating' });
    expect(await page('/metrics')).toMatch(/outside_heartbeat_timestamp_seconds 1\.?\d+/);
  });

  it('takes a heartbeat for as old as its annotation says, and refuses one that says no time', async () => {
    const beat = (evaluatedAt: string) => ({
      ...watchdog('firing'),
      alerts: [{ status: 'firing', labels: {}, annotations: { evaluated_at: evaluatedAt } }],
    });
    expect((await post('/heartbeat', beat('1767225600'))).status).toBe(200);
    const state = await (await fetch(`${base}/api/heartbeat`)).json();
    expect(state).toMatchObject({ lastAt: '2026-01-01T00:00:00.000Z' });
    for (const wrong of ['soon', '', '1e99']) {
      expect((await post('/heartbeat', beat(wrong))).status, wrong).toBe(400);
    }
  });
});

describe('the API', () => {
  it('filters and limits, newest first', async () => {
    await post('/slack/x', { attachments: [{ color: 'danger', title: '[FIRING:1] A' }] });
    await post('/slack/x', { text: 'B' });
    const get = async (query: string) =>
      ((await (await fetch(`${base}/api/messages${query}`)).json()) as Message[]).map(
        (m) => m.title,
      );
    expect(await get('')).toEqual(['B', '[FIRING:1] A']);
    expect(await get('?limit=1')).toEqual(['B']);
    expect(await get('?severity=critical')).toEqual(['[FIRING:1] A']);
    expect(await get('?alerts=true')).toEqual(['[FIRING:1] A']);
    expect(await get('?channel=mail')).toEqual([]);
  });

  it.each(['?limit=0', '?limit=9999', '?channel=fax', '?status=odd'])(
    'says what is wrong with %s',
    async (query) => {
      const answer = await fetch(`${base}/api/messages${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toHaveProperty('error');
    },
  );

  it('streams each message that the filter lets through, ready to be shown', async () => {
    const answer = await fetch(`${base}/api/stream?severity=critical`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    await post('/slack/x', { text: 'not this one' });
    await post('/slack/x', { attachments: [{ color: 'danger', title: '[FIRING:1] <b>this</b>' }] });
    let seen = '';
    for await (const chunk of answer.body ?? []) {
      seen += Buffer.from(chunk as Uint8Array).toString();
      if (seen.includes('event: message')) break;
    }
    expect(seen).toContain('event: heartbeat');
    expect(seen).not.toContain('not this one');
    expect(seen).toContain('&lt;b&gt;this&lt;/b&gt;');
  });
});

it('does not count an open stream as a request that takes hours', async () => {
  const inFlight = async () =>
    /^http_requests_in_flight.* (\d+)$/m.exec(await page('/metrics'))?.[1];
  const before = await inFlight();
  const stream = await fetch(`${base}/api/stream`);
  expect(before).toBeDefined();
  expect(await inFlight()).toBe(before);
  await stream.body?.cancel();
});

describe('the page', () => {
  it('shows free text of every channel as text, wherever it stands', async () => {
    const script = '<script>alert(1)</script>"\'><img src=x>';
    const attachment = {
      title: script,
      text: `*${script}*`,
      fields: [{ title: script, value: script }],
      actions: [{ type: 'button', text: script, url: 'http://example.com/"><script>' }],
    };
    await post('/slack/x', { channel: script, username: script, attachments: [attachment] });
    await post('/v2/enqueue', {
      routing_key: 'x'.repeat(32),
      event_action: 'trigger',
      dedup_key: script,
      payload: {
        summary: script,
        source: script,
        severity: 'info',
        component: script,
        custom_details: { [script]: script },
      },
    });
    for (const channel of ['mail', 'sms', 'heartbeat'] as const) {
      inbox.add({ channel, to: script, from: script, title: script, text: script, links: [] });
    }
    const markup = await page('/?show=all');
    expect(markup.match(/<li class="entry/g)).toHaveLength(5);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('<img src=x');
    expect(markup).not.toContain('href="http://example.com/">');
  });

  it('allows nothing inline, and nothing from elsewhere', async () => {
    const answer = await fetch(base);
    expect(answer.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(await answer.text()).not.toMatch(/ style=| on\w+=|<style|<script>/);
    for (const file of ['/style.css', '/inbox.js', '/logo.svg', '/icons.svg']) {
      expect((await fetch(base + file)).status, file).toBe(200);
    }
  });

  it('opens with the alerts alone, and shows one channel when asked', async () => {
    await post('/slack/x', { text: 'Just a note' });
    await post('/slack/x', { text: '[FIRING:1] Trouble' });
    expect(await page('/')).not.toContain('Just a note');
    expect(await page('/')).toContain('[FIRING:1] Trouble');
    expect(await page('/?show=slack')).toContain('Just a note');
    expect(await page('/?show=mail')).not.toContain('Trouble');
    expect(await page('/?show=nonsense&severity=odd')).toContain('Trouble');
  });

  it('explains itself while there is nothing to show', async () => {
    expect(await page('/')).toMatch(/id="empty" class="empty"\s*>/);
    expect(await page('/')).toContain('docker compose stop api');
    await post('/slack/x', { text: '[FIRING:1] Trouble' });
    expect(await page('/')).toMatch(/id="empty" class="empty"\s+hidden/);
  });
});

describe('the runbooks', () => {
  it('are shown by the name of their alert, with markup in them as text', async () => {
    const markup = await page('/runbooks/ServiceDown');
    expect(markup).toContain('<h1>Down</h1>');
    expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(await page('/runbooks')).toContain('href="/runbooks/ServiceDown"');
  });

  it('lead to each other and to the web, but to no file that is not here', async () => {
    expect(await page('/runbooks/ServiceDown')).toContain(
      '<a href="/runbooks/Other">Other</a>, docs/slo.md, <a href="https://example.org/">web</a>',
    );
  });

  it.each(['Unknown', 'README', '..%2F..%2Fetc%2Fpasswd', 'ServiceDown.md'])(
    'answer 404 with the list for %s',
    async (name) => {
      const answer = await fetch(`${base}/runbooks/${name}`);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('href="/runbooks/ServiceDown"');
    },
  );
});
