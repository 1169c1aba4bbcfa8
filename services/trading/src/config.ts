import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { cents } from './money.ts';
import type { Plan } from './subscriptions/plan.ts';

/** What the environment says, checked and shaped. Nothing else in this service reads `process.env`. */
export interface Config {
  /** Postgres connection string, password included. */
  databaseUrl: string;
  /** Most connections one process opens. */
  databasePoolMax: number;
  redisUrl: string;
  /** Where the process listens, for its API or for health and metrics alone. */
  port: number;
  logLevel: 'error' | 'warn' | 'info' | 'http' | 'debug';
  /** Where log files go besides stdout; nowhere when undefined. */
  logDirectory: string | undefined;
  /** Namespaces whose debug lines are written whatever the level is. */
  debug: string | undefined;
  /** Whether headers and bodies of requests are written, redacted. */
  debugRequests: boolean;
  /** Whether this service can be broken on purpose, by whoever reaches /faults. */
  faults: boolean;
  /** Sentry's address and key for a project; errors go nowhere else when undefined. */
  sentryDsn: string | undefined;
  /** The CloudWatch log group that log lines go to as well; none when undefined. AWS's SDK reads the rest by itself. */
  cloudwatchLogGroup: string | undefined;
  environment: string;
  revision: string | undefined;
  instance: string;
  /** Time between `ready` turning 503 and the listening socket closing, so that a gateway sees it: milliseconds. */
  shutdownDelayMs: number;
  /** Whose X-Forwarded-For is believed: Express' `trust proxy`. */
  trustProxy: string;
  /** The same seed on an empty database gives the same prices. */
  marketSeed: string;
  smtpUrl: string;
  mailFrom: string;
  gatewayUrl: string;
  /** What we prove ourselves with to the card gateway; undefined where none is named. */
  gatewayKey: string | undefined;
  /** What the card gateway signs its webhooks with; undefined where none is named. */
  gatewayWebhookSecret: string | undefined;
  /** The real-time plan. */
  subscription: Plan;
  /** Who sends it may report deployments and incidents; nobody may when undefined. */
  deliveryToken: string | undefined;
  /**
   * Where the worker walks the synthetic journeys, as customers see the API, and the password of the customer `synthetic`; undefined:
   * nobody walks.
   */
  journeys: { url: string; password: string } | undefined;
  /** What the database role of dashboards logs in with, once the schema is up to date; it cannot while undefined. */
  reportingPassword: string | undefined;
}

/** Names every variable that is wrong: what was expected, what came, what to do. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const url = (protocols: string[], example: string) =>
  z
    .string({ error: `expected a URL like ${example}` })
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `expected a URL like ${example}`,
    });

const integer = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error });
};

const text = z.string().min(1, { error: 'expected some text' });

const DAY_SECONDS = 86_400;
const SUBSCRIPTION_PRICE = cents(1990);

const environmentSchema = z
  .object({
    DATABASE_URL: url(['postgres:', 'postgresql:'], 'postgres://user@postgres:5432/crows_nest'),
    DATABASE_PASSWORD_FILE: text.optional(),
    DATABASE_POOL_MAX: integer(1, 200).default(10),
    REDIS_URL: url(['redis:', 'rediss:'], 'redis://redis:6379'),
    PORT: integer(0, 65_535).default(3000),
    LOG_LEVEL: z
      .enum(['error', 'warn', 'info', 'http', 'debug'], {
        error: 'expected error, warn, info, http or debug',
      })
      .default('http'),
    LOG_DIRECTORY: text.optional(),
    // Other namespaces are those of libraries that listen to DEBUG themselves, and some write what they send, secrets and all.
    DEBUG: z
      .string()
      .regex(/^\s*-?app:[\w:*-]+([\s,]+-?app:[\w:*-]+)*\s*$/, {
        error: 'expected namespaces of ours like app:* or app:market,app:outbox',
      })
      .optional(),
    DEBUG_REQUESTS: z.enum(['true', 'false'], { error: 'expected true or false' }).default('false'),
    FAULTS: z.enum(['on', 'off'], { error: 'expected on or off' }).default('off'),
    BIND_ADDRESS: text.default('127.0.0.1'),
    SENTRY_DSN: z
      .string()
      .regex(/^https?:\/\/[^@/]+@.+\/\d+$/, {
        error: 'expected a DSN like https://KEY@HOST/PROJECT',
      })
      .optional(),
    CLOUDWATCH_LOG_GROUP: z
      .string()
      .regex(/^[\w./#-]{1,512}$/, { error: 'expected the name of a log group like crows-nest' })
      .optional(),
    ENVIRONMENT: text.default('development'),
    REVISION: text.optional(),
    INSTANCE: text.optional(),
    SHUTDOWN_DELAY_MS: integer(0, 10_000).default(2000),
    TRUST_PROXY: text.default('loopback, linklocal, uniquelocal'),
    MARKET_SEED: text.default('crows-nest'),
    SMTP_URL: url(['smtp:', 'smtps:'], 'smtp://outside:1025').default('smtp://outside:1025'),
    DELIVERY_TOKEN_FILE: text.optional(),
    MAIL_FROM: text.default("Crow's Nest <trades@crows-nest.example>"),
    GATEWAY_URL: url(['http:', 'https:'], 'http://outside:8025/gateway/v1').default(
      'http://outside:8025/gateway/v1',
    ),
    GATEWAY_KEY_FILE: text.optional(),
    GATEWAY_WEBHOOK_SECRET_FILE: text.optional(),
    SUBSCRIPTION_PERIOD_SECONDS: integer(1, 366 * DAY_SECONDS).default(30 * DAY_SECONDS),
    JOURNEY_URL: url(['http:', 'https:'], 'http://web:3000').optional(),
    SYNTHETIC_PASSWORD_FILE: text.optional(),
    REPORTING_PASSWORD_FILE: text.optional(),
  })
  .refine(({ FAULTS, BIND_ADDRESS }) => FAULTS === 'off' || BIND_ADDRESS.startsWith('127.'), {
    path: ['FAULTS'],
    error: 'expected off, because BIND_ADDRESS is not this machine and faults have no login',
  });

/**
 * Reads and checks the environment. A variable that is set to nothing counts as not set, because Compose passes
 * `NAME=` for what `.env` leaves out.
 *
 * @throws {ConfigError} naming each variable that is missing or wrong
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const value = given[name];
      const came =
        value === undefined ? 'it is not set' : `it is ${JSON.stringify(withoutPassword(value))}`;
      return `  ${name}: ${issue.message}, but ${came}.`;
    });
    throw new ConfigError(
      [
        'The configuration is wrong:',
        ...lines,
        "Set these in the service's environment (Compose: in .env).",
      ].join('\n'),
    );
  }
  const values = parsed.data;
  return {
    databaseUrl: withPassword(values.DATABASE_URL, values.DATABASE_PASSWORD_FILE),
    databasePoolMax: values.DATABASE_POOL_MAX,
    redisUrl: values.REDIS_URL,
    port: values.PORT,
    logLevel: values.LOG_LEVEL,
    logDirectory: values.LOG_DIRECTORY,
    debug: values.DEBUG,
    debugRequests: values.DEBUG_REQUESTS === 'true',
    faults: values.FAULTS === 'on',
    sentryDsn: values.SENTRY_DSN,
    cloudwatchLogGroup: values.CLOUDWATCH_LOG_GROUP,
    environment: values.ENVIRONMENT,
    revision: values.REVISION,
    instance: values.INSTANCE ?? hostname(),
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    trustProxy: values.TRUST_PROXY,
    marketSeed: values.MARKET_SEED,
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
    gatewayUrl: values.GATEWAY_URL,
    gatewayKey: secretFrom('GATEWAY_KEY_FILE', values.GATEWAY_KEY_FILE),
    gatewayWebhookSecret: secretFrom(
      'GATEWAY_WEBHOOK_SECRET_FILE',
      values.GATEWAY_WEBHOOK_SECRET_FILE,
    ),
    subscription: {
      price: SUBSCRIPTION_PRICE,
      periodSeconds: values.SUBSCRIPTION_PERIOD_SECONDS,
    },
    deliveryToken: secretFrom('DELIVERY_TOKEN_FILE', values.DELIVERY_TOKEN_FILE),
    journeys: journeys(values.JOURNEY_URL, values.SYNTHETIC_PASSWORD_FILE),
    reportingPassword: secretFrom('REPORTING_PASSWORD_FILE', values.REPORTING_PASSWORD_FILE),
  };
}

/** The secret, where the role that asks for it cannot do without. @throws {ConfigError} */
export function needed(name: string, secret: string | undefined): string {
  if (secret !== undefined) return secret;
  throw new ConfigError(
    `${name}: expected a file with the secret shared with the card gateway, but it is not set. See README.md, "Running it alone".`,
  );
}

function withPassword(databaseUrl: string, passwordFile: string | undefined): string {
  const password = secretFrom('DATABASE_PASSWORD_FILE', passwordFile);
  if (password === undefined) return databaseUrl;
  const complete = new URL(databaseUrl);
  complete.password = encodeURIComponent(password);
  return complete.href;
}

/** What is in the file, without the white space around; undefined when none is named. */
function secretFrom(name: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(
      `${name}: expected a readable file with the secret, but ${file} cannot be read ` +
        `(${(error as NodeJS.ErrnoException).code ?? 'unknown'}). Check the path and its permissions for this user.`,
    );
  }
  if (secret === '') {
    throw new ConfigError(
      `${name}: expected a file with the secret, but ${file} is empty. Write the secret into it.`,
    );
  }
  return secret;
}

/** @throws {ConfigError} when it is said where to walk, but not as whom */
function journeys(journeyUrl: string | undefined, passwordFile: string | undefined) {
  if (journeyUrl === undefined) return undefined;
  const password = secretFrom('SYNTHETIC_PASSWORD_FILE', passwordFile);
  if (password !== undefined) return { url: journeyUrl, password };
  throw new ConfigError(
    'SYNTHETIC_PASSWORD_FILE: expected a file with the password of the customer who walks the journeys at JOURNEY_URL, but it is not set.',
  );
}

function withoutPassword(value: string): string {
  return value.replace(/(:\/\/[^:@/]*:)[^@]*@/, '$1***@');
}
