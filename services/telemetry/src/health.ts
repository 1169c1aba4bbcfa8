import express, { type RequestHandler, type Response, type Router } from 'express';

/** One thing that the service leans on, and how it is asked. */
export interface HealthCheck {
  /** Whether the service cannot work without it: then it takes part in readiness. */
  needed: boolean;
  /** Asks it; an error means that it is not well, and its message is shown. The signal aborts after five seconds, and then it counts as down. */
  check: (signal: AbortSignal) => Promise<void>;
}

/** What `createHealth` is told. */
export interface HealthOptions {
  /** The service's version, shown by `/health`. */
  version: string;
  /** What the service leans on, by the name that the answers show; each is asked by itself, all at once. */
  checks: Record<string, HealthCheck>;
  /** Whether everything that must happen before the first request has happened. An error goes to Express: a 500. */
  started: () => boolean;
}

/** The health endpoints, and a way to ask for no more traffic. */
export interface Health {
  /** `/health`, `/health/live`, `/health/ready`, `/health/startup`; to be mounted at the root. */
  router: Router;
  /** From now on `ready` is 503: whoever spreads requests stops sending them here, while those under way are finished. */
  drain: () => void;
}

interface CheckResult {
  status: 'up' | 'down';
  needed: boolean;
  responseTimeMs: number;
  error?: string;
}

const CHECK_LIMIT_MS = 5_000;

/**
 * Four questions with four answers. `live`: does the process turn at all (asks nothing, so that a database outage restarts
 * nobody). `startup`: has it come up. `ready`: should it get requests now. `/health`: everything, for people. Yes is 200,
 * no is 503; times are in milliseconds, memory in bytes.
 */
export function createHealth({ version, checks, started }: HealthOptions): Health {
  const router = express.Router();
  let draining = false;

  router.get('/health/live', (_request, response) => {
    response.json({ status: 'up' });
  });
  router.get('/health/startup', (_request, response) => {
    const up = started();
    response.status(up ? 200 : 503).json({ status: up ? 'up' : 'starting' });
  });
  router.get(
    '/health/ready',
    answering(async (response) => {
      const results = draining ? {} : await runChecks(checks, (check) => check.needed);
      const ready = !draining && started() && allUp(results);
      response
        .status(ready ? 200 : 503)
        .json({ status: readiness(ready, draining), checks: results });
    }),
  );
  router.get(
    '/health',
    answering(async (response) => {
      const results = await runChecks(checks, () => true);
      const neededUp = allUp(
        Object.fromEntries(Object.entries(results).filter(([, { needed }]) => needed)),
      );
      const ready = neededUp && started() && !draining;
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      response.status(ready ? 200 : 503).json({
        status: ready && !allUp(results) ? 'degraded' : readiness(ready, draining),
        version,
        uptimeSeconds: Math.round(process.uptime()),
        memory: { rss, heapUsed, heapTotal, external },
        checks: results,
      });
    }),
  );
  return {
    router,
    drain() {
      draining = true;
    },
  };
}

/** Express 4 does not look at promises: without this, a `started` that throws would end the process. */
function answering(answer: (response: Response) => Promise<void>): RequestHandler {
  return (_request, response, next) => {
    answer(response).catch(next);
  };
}

function readiness(ready: boolean, draining: boolean): string {
  if (draining) return 'draining';
  return ready ? 'up' : 'down';
}

function allUp(results: Record<string, CheckResult>): boolean {
  return Object.values(results).every(({ status }) => status === 'up');
}

async function runChecks(
  checks: Record<string, HealthCheck>,
  wanted: (check: HealthCheck) => boolean,
): Promise<Record<string, CheckResult>> {
  const asked = Object.entries(checks).filter(([, check]) => wanted(check));
  return Object.fromEntries(
    await Promise.all(asked.map(async ([name, check]) => [name, await runCheck(check)] as const)),
  );
}

/** Each check has its own limit, also one that does not look at its signal. */
async function runCheck({ needed, check }: HealthCheck): Promise<CheckResult> {
  const start = performance.now();
  const signal = AbortSignal.timeout(CHECK_LIMIT_MS);
  const limit = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error(`no answer within ${CHECK_LIMIT_MS} ms`));
    });
  });
  const responseTimeMs = (): number => Math.round((performance.now() - start) * 10) / 10;
  try {
    await Promise.race([check(signal), limit]);
    return { status: 'up', needed, responseTimeMs: responseTimeMs() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 'down', needed, responseTimeMs: responseTimeMs(), error: reason };
  }
}
