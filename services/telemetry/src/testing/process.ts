import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A service as a process of its own. */
export interface Sample extends AsyncDisposable {
  url: string;
  /** Sends SIGTERM and gives the exit code. */
  stop: () => Promise<number | null>;
}

/** What to start: Node's arguments, and the folder to start it in. */
export interface Program {
  args: string[];
  cwd?: string;
}

const sampleService: Program = {
  args: ['--import', file('../register.ts'), fileURLToPath(file('./service.ts'))],
};

/** Starts a service, the sample with `--import …/register` unless told otherwise, and waits until it has printed its port. */
export async function startSample(
  environment: Record<string, string>,
  program = sampleService,
): Promise<Sample> {
  const child = run(program, environment);
  const errors: string[] = [];
  for await (const line of createInterface({ input: child.stderr as NodeJS.ReadableStream })) {
    errors.push(line);
    const port = /^port (\d+)$/.exec(line)?.[1];
    if (port === undefined) continue;
    const stop = async (): Promise<number | null> => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    };
    return {
      url: `http://127.0.0.1:${port}`,
      stop,
      async [Symbol.asyncDispose]() {
        await stop();
      },
    };
  }
  throw new Error(`The service did not start:\n${errors.join('\n')}`);
}

/** Runs the sample service until it ends by itself; for settings that it refuses. */
export async function failedStart(environment: Record<string, string>): Promise<string> {
  const child = run(sampleService, environment);
  const [[code], text] = await Promise.all([
    once(child, 'exit') as Promise<[number]>,
    (child.stderr as NodeJS.ReadableStream & { toArray: () => Promise<Buffer[]> }).toArray(),
  ]);
  if (code === 0) throw new Error('it started');
  return Buffer.concat(text).toString();
}

function run({ args, cwd }: Program, environment: Record<string, string>): ChildProcess {
  const { PATH, TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
  return spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH,
      TEST_DATABASE_URL,
      TEST_REDIS_URL,
      OTEL_SERVICE_NAME: 'sample',
      ENVIRONMENT: 'test',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      ...environment,
    },
  });
}

function file(path: string): string {
  return new URL(path, import.meta.url).href;
}
