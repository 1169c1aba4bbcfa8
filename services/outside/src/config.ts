import { readFileSync } from 'node:fs';

import { z } from 'zod';

import type { Merchant } from './gateway/gateway.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().int().min(1).max(86_400);
/** An empty value in a compose file means "not set". */
const optional = z
  .string()
  .optional()
  .transform((value) => value || undefined);

/** A file with one secret in it, read at the start. */
const secretFile = optional.transform((path, context) => {
  const secret = path && contentOf(path);
  if (secret === '') context.addIssue('expected a readable file with a secret in it');
  return secret;
});

const merchantSettings = [
  'GATEWAY_KEY_FILE',
  'GATEWAY_WEBHOOK_SECRET_FILE',
  'GATEWAY_WEBHOOK_URL',
] as const;

const schema = z
  .object({
    PORT: port.default(8025),
    SMTP_PORT: port.default(1025),
    ENVIRONMENT: z.string().min(1).default('development'),
    LOG_LEVEL: z.enum(['error', 'warn', 'info', 'http', 'debug']).default('http'),
    /** None: logs go to stdout only. */
    LOG_DIRECTORY: optional,
    REVISION: optional,
    /** Markdown files `<Alert>.md`, served under /runbooks. None: 404 there. */
    RUNBOOKS_DIRECTORY: optional,
    /** Three missed: Watchdog comes each minute, and is up to 70 s old by then. */
    HEARTBEAT_LIMIT_SECONDS: seconds.default(210),
    /** The whole stack may be starting, and on a bare machine building. */
    HEARTBEAT_FIRST_LIMIT_SECONDS: seconds.default(300),
    /** Whether the card gateway can be broken on purpose, by whoever reaches /faults. */
    FAULTS: z
      .union([z.literal(''), z.enum(['on', 'off'])], 'expected on or off')
      .default('off')
      .transform((value) => value === 'on'),
    /** Where the ports are published: faults have no login, and are refused where it is not this machine. */
    BIND_ADDRESS: z.string().default('127.0.0.1'),
    /** The card gateway's merchant: all three, or none and there is no gateway. */
    GATEWAY_KEY_FILE: secretFile,
    GATEWAY_WEBHOOK_SECRET_FILE: secretFile,
    GATEWAY_WEBHOOK_URL: optional.pipe(
      z.url({ protocol: /^https?$/, error: 'expected an address such as http://web/x' }).optional(),
    ),
  })
  .refine(({ FAULTS, BIND_ADDRESS }) => !FAULTS || BIND_ADDRESS.startsWith('127.'), {
    path: ['FAULTS'],
    error: 'expected off, because BIND_ADDRESS is not this machine',
  });

export interface Config {
  port: number;
  smtpPort: number;
  environment: string;
  logLevel: 'error' | 'warn' | 'info' | 'http' | 'debug';
  logDirectory: string | undefined;
  revision: string | undefined;
  runbooksDirectory: string | undefined;
  heartbeatLimitSeconds: number;
  heartbeatFirstLimitSeconds: number;
  faults: boolean;
  /** None: no card gateway. */
  merchant: Merchant | undefined;
}

/** The one place that reads the environment. Throws one error that names every variable that is wrong, and how. */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      return `${name}: ${issue.message}; it is ${JSON.stringify(environment[name])}`;
    });
    throw new Error(`The environment is not right. ${wrong.join('. ')}.`);
  }
  const env = parsed.data;
  return {
    port: env.PORT,
    smtpPort: env.SMTP_PORT,
    environment: env.ENVIRONMENT,
    logLevel: env.LOG_LEVEL,
    logDirectory: env.LOG_DIRECTORY,
    revision: env.REVISION,
    runbooksDirectory: env.RUNBOOKS_DIRECTORY,
    heartbeatLimitSeconds: env.HEARTBEAT_LIMIT_SECONDS,
    heartbeatFirstLimitSeconds: env.HEARTBEAT_FIRST_LIMIT_SECONDS,
    faults: env.FAULTS,
    merchant: merchantOf(env),
  };
}

function merchantOf(env: z.output<typeof schema>): Merchant | undefined {
  const missing = merchantSettings.filter((name) => env[name] === undefined);
  const [key, webhookSecret, webhookUrl] = merchantSettings.map((name) => env[name]);
  if (key && webhookSecret && webhookUrl) return { key, webhookSecret, webhookUrl };
  if (missing.length === merchantSettings.length) return undefined;
  throw new Error(`The card gateway also needs ${missing.join(' and ')}.`);
}

/** Without the white space around; empty when there is no such file. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
