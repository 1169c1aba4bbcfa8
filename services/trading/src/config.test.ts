import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, needed } from './config.ts';

const good = {
  DATABASE_URL: 'postgres://trading@postgres:5432/trading',
  REDIS_URL: 'redis://redis:6379',
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function passwordFile(content: string): string {
  const file = join(directory, crypto.randomUUID());
  writeFileSync(file, content);
  return file;
}

describe('the configuration', () => {
  test('needs only the addresses of Postgres and Redis; what is set to nothing is not set', () => {
    expect(loadConfig({ ...good, PORT: '', LOG_DIRECTORY: '' })).toMatchObject({
      databaseUrl: good.DATABASE_URL,
      port: 3000,
      databasePoolMax: 10,
      logLevel: 'http',
      logDirectory: undefined,
      debug: undefined,
      debugRequests: false,
      faults: false,
    });
  });

  test.each(['app:*', 'app:market', 'app:*,-app:outbox', '-app:outbox app:*'])(
    'takes namespaces of ours: DEBUG=%s',
    (debug) => {
      expect(loadConfig({ ...good, DEBUG: debug, DEBUG_REQUESTS: 'true' })).toMatchObject({
        debug,
        debugRequests: true,
      });
    },
  );

  test('takes the password from a file, whatever is in it', () => {
    const { databaseUrl } = loadConfig({
      ...good,
      DATABASE_PASSWORD_FILE: passwordFile('a/b@c:d?e#f %g\n'),
    });
    expect(decodeURIComponent(new URL(databaseUrl).password)).toBe('a/b@c:d?e#f %g');
    expect(new URL(databaseUrl).host).toBe('postgres:5432');
  });
});

test('faults are on where it is said, and nowhere else', () => {
  expect(loadConfig({ ...good, FAULTS: 'on' }).faults).toBe(true);
  expect(() => loadConfig({ ...good, FAULTS: 'on', BIND_ADDRESS: '0.0.0.0' })).toThrow(
    /FAULTS: expected off/,
  );
  for (const FAULTS of ['', 'off']) expect(loadConfig({ ...good, FAULTS }).faults).toBe(false);
});

describe('where else to tell of errors and log lines', () => {
  test('is nowhere, unless it is said', () => {
    const nowhere = { sentryDsn: undefined, cloudwatchLogGroup: undefined };
    expect(loadConfig({ ...good, SENTRY_DSN: '', CLOUDWATCH_LOG_GROUP: '' })).toMatchObject(
      nowhere,
    );
    const sentryDsn = 'https://0123456789abcdef@sentry.example/42';
    expect(
      loadConfig({ ...good, SENTRY_DSN: sentryDsn, CLOUDWATCH_LOG_GROUP: '/crows-nest/trading' }),
    ).toMatchObject({ sentryDsn, cloudwatchLogGroup: '/crows-nest/trading' });
  });

  test('is refused where it is none', () => {
    const wrong = { SENTRY_DSN: 'https://sentry.example/42', CLOUDWATCH_LOG_GROUP: 'a b' };
    expect(() => loadConfig({ ...good, ...wrong })).toThrow(
      /SENTRY_DSN: expected a DSN like .*\n.*CLOUDWATCH_LOG_GROUP: expected the name of a log group/,
    );
  });
});

describe('the journeys', () => {
  test('are walked where JOURNEY_URL says, with the password from a file; without it they are not', () => {
    expect(loadConfig(good).journeys).toBeUndefined();
    const journeys = {
      JOURNEY_URL: 'http://web:3000',
      SYNTHETIC_PASSWORD_FILE: passwordFile('geheim\n'),
    };
    expect(loadConfig({ ...good, ...journeys }).journeys).toEqual({
      url: 'http://web:3000',
      password: 'geheim',
    });
    expect(() => loadConfig({ ...good, JOURNEY_URL: 'http://web:3000' })).toThrow(
      /^SYNTHETIC_PASSWORD_FILE: expected a file/,
    );
  });
});

test('secrets of the card gateway come from files; who cannot do without says which is missing', () => {
  const { gatewayKey, gatewayWebhookSecret } = loadConfig({
    ...good,
    GATEWAY_KEY_FILE: passwordFile('a key\n'),
  });
  expect(needed('GATEWAY_KEY_FILE', gatewayKey)).toBe('a key');
  expect(() => needed('GATEWAY_WEBHOOK_SECRET_FILE', gatewayWebhookSecret)).toThrow(
    'GATEWAY_WEBHOOK_SECRET_FILE: expected a file with the secret',
  );
});

describe('says what is wrong:', () => {
  const complaint = (environment: Record<string, string>) => {
    try {
      loadConfig(environment);
    } catch (error) {
      expect(error).toMatchObject({ name: 'ConfigError' });
      return (error as Error).message;
    }
    return 'nothing';
  };

  test('everything at once', () => {
    expect(complaint({})).toBe(
      [
        'The configuration is wrong:',
        '  DATABASE_URL: expected a URL like postgres://user@postgres:5432/crows_nest, but it is not set.',
        '  REDIS_URL: expected a URL like redis://redis:6379, but it is not set.',
        "Set these in the service's environment (Compose: in .env).",
      ].join('\n'),
    );
  });

  test.each([
    ['PORT', '80000', 'expected a whole number from 0 to 65535, but it is "80000".'],
    ['PORT', '3e3', 'expected a whole number from 0 to 65535, but it is "3e3".'],
    ['DATABASE_POOL_MAX', '0', 'expected a whole number from 1 to 200, but it is "0".'],
    ['LOG_LEVEL', 'loud', 'expected error, warn, info, http or debug, but it is "loud".'],
    [
      'DEBUG',
      'app:*,ioredis:*',
      'expected namespaces of ours like app:* or app:market,app:outbox, but it is "app:*,ioredis:*".',
    ],
    ['DEBUG', '*', 'expected namespaces of ours'],
    ['DEBUG_REQUESTS', 'yes', 'expected true or false, but it is "yes".'],
    ['FAULTS', 'true', 'expected on or off, but it is "true".'],
    ['REDIS_URL', 'redis', 'expected a URL like redis://redis:6379, but it is "redis".'],
    [
      'SMTP_URL',
      'http://outside',
      'expected a URL like smtp://outside:1025, but it is "http://outside".',
    ],
  ])('%s=%s', (name, value, expected) => {
    expect(complaint({ ...good, [name]: value })).toContain(`${name}: ${expected}`);
  });

  test('without the password in it', () => {
    const message = complaint({ ...good, DATABASE_URL: 'mysql://me:geheim@db/x' });
    expect(message).toContain('mysql://me:***@db/x');
    expect(message).not.toContain('geheim');
  });

  test('a password file that is missing or empty', () => {
    const missing = join(directory, 'missing');
    expect(complaint({ ...good, DATABASE_PASSWORD_FILE: missing })).toMatch(
      /missing cannot be read \(ENOENT\)/,
    );
    expect(complaint({ ...good, DATABASE_PASSWORD_FILE: passwordFile('\n') })).toMatch(/is empty/);
  });
});
