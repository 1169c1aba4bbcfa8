// By settings alone alerts leave for the real Slack, PagerDuty, mail server and SNS: with the token, keys and login that .env holds,
// whatever characters are in them, and nobody who may look at Alertmanager sees those.

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { command, waitFor } from '../../tests/stack.ts';
import { type Alertmanager, shippedService, startAlertmanager } from './alertmanager.ts';

interface Call {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Mail {
  isEncrypted: boolean;
  username: string | null | undefined;
  password: string | null | undefined;
  from: string;
  to: string[];
}

// Everything that YAML, a shell, awk or Alertmanager's templates could take for something of their own.
const password = String.raw`it's "a" & b/\1 $HOME ${'${SMTP_TO}'} #c: {{ .d }} %s *e`;
const secrets = {
  SLACK_BOT_TOKEN: 'xoxb-12-34-abcdef',
  PAGERDUTY_ROUTING_KEY: 'R0123456789abcdef0123456789ABCDE',
  SMTP_PASSWORD: password,
  SNS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};

const calls: Call[] = [];
const mails: Mail[] = [];
let alertmanager: Alertmanager;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const { key, certificate } = await selfSigned('outside');
  await writeFile(join(folder, 'ca.pem'), certificate);

  // What calls itself Slack's Web API, PagerDuty and SNS here only writes down what it is asked and says that it is well.
  const web = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      calls.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString() });
      if (path === '/api/chat.postMessage') response.setHeader('content-type', 'application/json');
      response.statusCode = path === '/v2/enqueue' ? 202 : 200;
      response.end(path === '/' ? '<PublishResponse/>' : '{"ok":true}');
    });
  }).listen(0);
  await once(web, 'listening');
  cleanups.push(() => {
    web.closeAllConnections();
    return once(web.close(), 'close');
  });

  let login: Pick<Mail, 'username' | 'password'>;
  const smtp = new SMTPServer({
    key,
    cert: certificate,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, callback) {
      login = { username, password };
      callback(null, { user: username });
    },
    onData(stream, { secure, envelope }, callback) {
      stream.resume().on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        mails.push({
          isEncrypted: secure,
          ...login,
          from,
          to: envelope.rcptTo.map(({ address }) => address),
        });
        callback();
      });
    },
  });
  const mailServer = smtp.listen(0);
  await once(mailServer, 'listening');
  cleanups.push(
    () =>
      new Promise<void>((done) => {
        smtp.close(done);
      }),
  );

  const webPort = (web.address() as AddressInfo).port;
  const smtpPort = (mailServer.address() as AddressInfo).port;
  alertmanager = await startAlertmanager({
    faster: 300,
    settings: {
      ...secrets,
      SLACK_WEBHOOK_URL: `http://outside:${webPort}/api/chat.postMessage`,
      PAGERDUTY_URL: `http://outside:${webPort}/v2/enqueue`,
      SMTP_SMARTHOST: `outside:${smtpPort}`,
      SMTP_REQUIRE_TLS: 'true',
      SMTP_USERNAME: "o'neill@example.org",
      SMTP_FROM: "Anne's alerts <alerts@example.org>",
      SMTP_TO: 'anne@example.org, ben@example.org',
      SNS_URL: `http://outside:${webPort}`,
      SNS_REGION: 'us-west-2',
      SNS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      SMS_PHONE_NUMBER: '+4915550100123',
      HEARTBEAT_URL: `http://outside:${webPort}/ping`,
    },
    docker: [`--volume=${join(folder, 'ca.pem')}:/ca.pem:ro`, '--env=SSL_CERT_FILE=/ca.pem'],
  });
  cleanups.push(() => alertmanager.stop());
  await alertmanager.fire({
    alertname: 'ServiceDown',
    service: 'api',
    severity: 'critical',
    team: 'platform',
  });
}, 120_000);

afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

/** The first call to a path; waits for it. */
const callTo = (path: string) =>
  waitFor(`a call to ${path}`, 60, (see) => {
    return Promise.resolve(see(calls).find((call) => call.path === path));
  });

test('Slack is called as the bot, and told the channel', async () => {
  const { headers, body } = await callTo('/api/chat.postMessage');
  expect(headers.authorization).toBe(`Bearer ${secrets.SLACK_BOT_TOKEN}`);
  expect(JSON.parse(body)).toMatchObject({ channel: '#alerts-critical' });
});

test('PagerDuty is told the key', async () => {
  const { body } = await callTo('/v2/enqueue');
  expect(JSON.parse(body)).toMatchObject({
    routing_key: secrets.PAGERDUTY_ROUTING_KEY,
    event_action: 'trigger',
  });
});

test('SNS is told the number, by a request that is signed with the key for the region', async () => {
  const { headers, body } = await callTo('/');
  expect(headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/sns\//);
  expect(new URLSearchParams(body).get('PhoneNumber')).toBe('+4915550100123');
});

test('the mail server is logged in to over TLS, with a password of any characters', async () => {
  await waitFor('a mail', 60, (see) => Promise.resolve(see(mails).length > 0));
  expect(mails[0]).toEqual({
    isEncrypted: true,
    username: "o'neill@example.org",
    password,
    from: 'alerts@example.org',
    to: ['anne@example.org', 'ben@example.org'],
  });
});

test('no secret is shown to who looks at Alertmanager', async () => {
  const shown = await alertmanager.shown();
  expect(shown).toContain('smtp_auth_password: <secret>');
  for (const [name, secret] of Object.entries(secrets)) {
    expect(shown.includes(secret), name).toBe(false);
  }
});

test('business hours are what the settings say', async () => {
  const shown = await alertmanager.shown();
  expect(shown).toContain('start_time: "09:00"');
  expect(shown).toContain('end_time: "17:00"');
  expect(shown).toContain('monday:friday');
  expect(shown).toContain('location: UTC');
});

/** A key and a certificate that signs itself, for a host. openssl is in PostgreSQL's image, which the stack has. */
async function selfSigned(host: string): Promise<{ key: string; certificate: string }> {
  const { image } = await shippedService('postgres');
  const pem = await command('docker', [
    ...['run', '--rm', '--pull=never', '--network=none', '--entrypoint=openssl', image],
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`, '-days', '1'],
    ...['-keyout', '-', '-out', '-'],
  ]);
  const [key = ''] = /-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----\n/s.exec(pem) ?? [];
  const [certificate = ''] =
    /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n/s.exec(pem) ?? [];
  return { key, certificate };
}
