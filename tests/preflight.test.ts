// What `make up` refuses to start with: each cause is named in one line, with what to do, and nothing is started.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Ports that nothing else on a test machine uses, so that only the one in question is in the way. */
const freePorts = [
  ...['WEB', 'API', 'GRAFANA', 'PROMETHEUS', 'ALERTMANAGER', 'JAEGER', 'LOKI', 'INBOX'],
  ...['JAEGER_THRIFT', 'OTLP_GRPC', 'OTLP_HTTP', 'NODE_EXPORTER', 'POSTGRES_EXPORTER'],
  'REDIS_EXPORTER',
].map((name, index) => `${name}_PORT=${45_100 + index}`);

function run(script: string, environment: Record<string, string> = {}) {
  const { status, stderr } = spawnSync('bash', [script], {
    cwd: root,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      COMPOSE_PROJECT_NAME: 'crows-nest-preflight',
      ...environment,
    },
  });
  return { status, lines: stderr.split('\n').filter((line) => line !== '') };
}

function preflight(settings: string[], environment: Record<string, string> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'preflight-')), '.env');
  writeFileSync(file, settings.join('\n'));
  const { status, lines } = run('scripts/preflight.sh', {
    COMPOSE_ENV_FILES: file,
    ...environment,
  });
  return { status, lines: lines.map((line) => line.replaceAll(file, '.env')) };
}

test('says nothing when all is well', () => {
  expect(preflight(freePorts)).toEqual({ status: 0, lines: [] });
});

test.each([
  [
    'API_PORT=abc',
    "✗ API_PORT is 'abc', but must be a port from 1 to 65535. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'API_PORT=',
    "✗ API_PORT is '', but must be a port from 1 to 65535. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'API_PORT=70000',
    "✗ API_PORT is '70000', but must be a port from 1 to 65535. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'BIND_ADDRESS=everywhere',
    "✗ BIND_ADDRESS is 'everywhere', but must be an IPv4 address such as 127.0.0.1. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'GRAFANA_ANONYMOUS=yes',
    "✗ GRAFANA_ANONYMOUS is 'yes', but must be true or false. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'FAULTS=yes',
    "✗ FAULTS is 'yes', but must be on or off. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'LOG_LEVEL=loud',
    "✗ LOG_LEVEL is 'loud', but must be error, warn, info, http or debug. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'DEBUG=*',
    "✗ DEBUG is '*', but must be namespaces such as app:* or app:market,app:outbox, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'TRACES_SAMPLER_ARG=2',
    "✗ TRACES_SAMPLER_ARG is '2', but must be a number from 0 to 1. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'OTEL_TRACES_EXPORTER=otlp',
    '✗ .env line 15 sets OTEL_TRACES_EXPORTER, which is called TRACES_EXPORTER here. Rename it.',
  ],
  [
    'LOGS_RETENTION=a week',
    "✗ LOGS_RETENTION is 'a week', but must be a duration such as 168h. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'GRAFANA_ADMIN_PASSWORD=short',
    "✗ GRAFANA_ADMIN_PASSWORD is 'not shown', but must be at least 8 characters, or empty to have one generated. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'PAGERDUTY_ROUTING_KEY=too-short',
    "✗ PAGERDUTY_ROUTING_KEY is 'not shown', but must be the key of an Events API v2 integration, 32 letters and digits, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'SLACK_WEBHOOK_URL=hooks.slack.com/services/T0/B0/secret',
    "✗ SLACK_WEBHOOK_URL is 'not shown', but must be an address such as https://grafana.example.org, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'SMTP_SMARTHOST=smtp.example.org',
    "✗ SMTP_SMARTHOST is 'smtp.example.org', but must be a mail server with its port such as smtp.example.org:587, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'SMTP_REQUIRE_TLS=maybe',
    "✗ SMTP_REQUIRE_TLS is 'maybe', but must be true or false. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'SMTP_TO=on-call',
    "✗ SMTP_TO is 'on-call', but must be mail addresses with commas between, such as on-call@example.org, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'SMS_PHONE_NUMBER=0555 0100',
    "✗ SMS_PHONE_NUMBER is '0555 0100', but must be a number with + and the country's code such as +15550100, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'BUSINESS_HOURS_ZONE=Berlin time',
    "✗ BUSINESS_HOURS_ZONE is 'Berlin time', but must be a zone such as Europe/Berlin, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'BUSINESS_HOURS_DAYS=mon-fri',
    "✗ BUSINESS_HOURS_DAYS is 'mon-fri', but must be days such as monday:friday, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'BUSINESS_HOURS_DAYS=friday:sunday',
    "✗ BUSINESS_HOURS_DAYS is 'friday:sunday', but the week goes from sunday to saturday, and sunday comes before friday in it. Correct it in .env.",
  ],
  [
    'BUSINESS_HOURS_START=9:00',
    "✗ BUSINESS_HOURS_START is '9:00', but must be a time from 00:00 to 24:00, or empty. Correct it in .env, or remove the line to have the default.",
  ],
  [
    'BUSINESS_HOURS_END=08:00',
    '✗ BUSINESS_HOURS_START is 09:00, which is not before BUSINESS_HOURS_END, 08:00. Correct one of them in .env.',
  ],
  [
    'APIPORT=3000',
    '✗ .env line 15 sets APIPORT, which nothing reads. See .env.example for the names there are.',
  ],
  ['what is this', "✗ .env line 15 is not NAME=value: 'what is this'. Correct or remove it."],
])('a setting that cannot be: %s', (setting, message) => {
  expect(preflight([...freePorts, setting])).toEqual({ status: 1, lines: [message] });
});

test('all that real receivers of alerts need', () => {
  const settings = [
    'SLACK_WEBHOOK_URL=https://slack.com/api/chat.postMessage',
    'SLACK_BOT_TOKEN=xoxb-1-2-abcDEF',
    'PAGERDUTY_URL=https://events.pagerduty.com/v2/enqueue',
    'PAGERDUTY_ROUTING_KEY=R0123456789abcdef0123456789ABCDE',
    'SMTP_SMARTHOST=smtp.example.org:587',
    'SMTP_REQUIRE_TLS=true',
    'SMTP_USERNAME=alerts@example.org',
    `SMTP_PASSWORD='a"b$c #d'`,
    'SMTP_FROM=Alerts of ours <alerts@example.org>',
    'SMTP_TO=anne@example.org, on-call@example.org',
    'SNS_URL=https://sns.us-gov-west-1.amazonaws.com',
    'SNS_REGION=us-gov-west-1',
    'SMS_PHONE_NUMBER=+4915550100123',
    'BUSINESS_HOURS_ZONE=America/Argentina/Buenos_Aires',
    'BUSINESS_HOURS_DAYS=sunday:thursday',
    'BUSINESS_HOURS_START=00:00',
    'BUSINESS_HOURS_END=24:00',
  ];
  expect(preflight([...freePorts, ...settings])).toEqual({ status: 0, lines: [] });
});

test('a login to the mail server that would not be sent', () => {
  expect(preflight([...freePorts, 'SMTP_USERNAME=alerts']).lines).toEqual([
    '✗ SMTP_USERNAME needs SMTP_PASSWORD. Set it in .env.',
    '✗ SMTP_USERNAME needs SMTP_REQUIRE_TLS=true, for a login is only sent over TLS. Set it in .env.',
  ]);
});

test.runIf(existsSync('/usr/share/zoneinfo'))('a zone that there is not', () => {
  expect(preflight([...freePorts, 'BUSINESS_HOURS_ZONE=Europe/Berln']).lines).toEqual([
    "✗ BUSINESS_HOURS_ZONE is 'Europe/Berln', which is no zone of the time zone database. See /usr/share/zoneinfo for the names there are, and correct it in .env.",
  ]);
});

test('says everything that is wrong at once', () => {
  expect(preflight(['API_PORT=abc', 'TRAFFIC=many', 'LOG_LEVEL=loud']).lines).toHaveLength(3);
});

test('a port in use', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const { status, lines } = preflight([...freePorts, `WEB_PORT=${port}`]);
    expect(status).toBe(1);
    expect(lines).toEqual([
      `✗ port ${port} (WEB_PORT) is in use by another program. Stop it ('ss -ltnp | grep :${port}' names it), or set WEB_PORT to a free port in .env.`,
    ]);
  } finally {
    server.close();
  }
});

test('what needs no login within the reach of others', () => {
  const open = [...freePorts, 'BIND_ADDRESS=0.0.0.0'];
  expect(preflight(open).lines).toEqual([
    "✗ BIND_ADDRESS is '0.0.0.0' and GRAFANA_ANONYMOUS is true: whoever reaches this machine could read every log line and trace. Set GRAFANA_ANONYMOUS=false in .env.",
    "✗ BIND_ADDRESS is '0.0.0.0' and FAULTS is on: whoever reaches this machine could break the trading system. Set FAULTS=off in .env.",
  ]);
  expect(preflight([...open, 'FAULTS=off', 'GRAFANA_ANONYMOUS=false']).lines).toEqual([]);
});

test('one port for two', () => {
  expect(preflight([...freePorts, 'API_PORT=45100']).lines).toEqual([
    '✗ API_PORT is 45100, which another setting uses as well. Give each a port of its own in .env.',
  ]);
});

test('too little memory, too little disk', () => {
  const { status, lines } = preflight(freePorts, {
    NEEDED_MEMORY_MB: '99999999',
    NEEDED_DISK_MB: '99999999',
  });
  expect(status).toBe(1);
  expect(lines[0]).toMatch(
    /^✗ \d+ MB of memory are free, 99999999 MB are needed\. Close other programs/,
  );
  expect(lines[1]).toMatch(
    /^✗ \d+ MB of disk are free under .+, 99999999 MB are needed\. Free some/,
  );
});

test('no permission for Docker', () => {
  const tools = mkdtempSync(join(tmpdir(), 'preflight-'));
  // What the real client says to a user outside the group `docker`.
  writeFileSync(
    join(tools, 'docker'),
    '#!/bin/sh\necho "permission denied while trying to connect to the Docker daemon socket" >&2\nexit 1\n',
  );
  chmodSync(join(tools, 'docker'), 0o755);
  const { status, lines } = run('scripts/docker.sh', {
    PATH: `${tools}:${process.env['PATH'] ?? ''}`,
  });
  expect(status).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /may not use its socket\. Run 'sudo usermod -aG docker .+' and log in again/,
  );
});
