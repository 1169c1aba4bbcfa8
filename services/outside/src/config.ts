import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().int().min(1).max(86_400);
/** An empty value in a compose file means "not set". */
const optional = z
  .string()
  .optional()
  .transform((value) => value || undefined);

const schema = z.object({
  PORT: port.default(8025),
  SMTP_PORT: port.default(1025),
  ENVIRONMENT: z.string().min(1).default('development'),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'http', 'debug']).default('http'),
  /** None: logs go to stdout only. */
  LOG_DIRECTORY: optional,
  REVISION: optional,
  /** Markdown files `<Alert>.md`, served under /runbooks. None: 404 there. */
  RUNBOOKS_DIRECTORY: optional,
  /** Three missed: Watchdog comes each minute. */
  HEARTBEAT_LIMIT_SECONDS: seconds.default(180),
  /** The whole stack may be starting, and on a bare machine building. */
  HEARTBEAT_FIRST_LIMIT_SECONDS: seconds.default(300),
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
  };
}
