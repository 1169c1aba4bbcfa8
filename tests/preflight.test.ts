// What `make up` refuses to start with: each cause is named in one line, with what to do, and nothing is started.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
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
    'OTEL_TRACES_SAMPLER_ARG=2',
    "✗ OTEL_TRACES_SAMPLER_ARG is '2', but must be a number from 0 to 1. Correct it in .env, or remove the line to have the default.",
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
    'APIPORT=3000',
    '✗ .env line 15 sets APIPORT, which nothing reads. See .env.example for the names there are.',
  ],
  ['what is this', "✗ .env line 15 is not NAME=value: 'what is this'. Correct or remove it."],
])('a setting that cannot be: %s', (setting, message) => {
  expect(preflight([...freePorts, setting])).toEqual({ status: 1, lines: [message] });
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

test('faults within the reach of others', () => {
  const open = [...freePorts, 'BIND_ADDRESS=0.0.0.0'];
  expect(preflight(open).lines).toEqual([
    "✗ BIND_ADDRESS is '0.0.0.0' and FAULTS is on: whoever reaches this machine could break the trading system. Set FAULTS=off in .env.",
  ]);
  expect(preflight([...open, 'FAULTS=off']).lines).toEqual([]);
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
