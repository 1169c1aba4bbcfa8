import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

import { command, compose, waitFor } from '../../tests/stack.ts';

/** A Prometheus that scrapes nothing and knows only what was put into it. */
export interface HistoryPrometheus {
  /** Makes blocks of OpenMetrics text, by promtool. */
  load(openMetrics: Iterable<string>): Promise<void>;
  /** Lets it run. @returns its address, as `http://127.0.0.1:32768` */
  start(): Promise<string>;
  /** All that there is of it. */
  remove(): Promise<void>;
}

/** Of the stack's Prometheus, whose image and limits this one has. */
interface Service {
  image: string;
  mem_limit: string;
  environment: { GOMEMLIMIT: string };
}

/**
 * @param name of its container and volume
 * @param signal stops what is being done; removing is still possible
 */
export async function createHistoryPrometheus(
  name: string,
  signal: AbortSignal,
): Promise<HistoryPrometheus> {
  const config = JSON.parse(await compose('config', '--format', 'json')) as {
    services: { prometheus: Service };
  };
  const { image, mem_limit, environment } = config.services.prometheus;
  const volume = `${name}:/prometheus`;
  await command('docker', ['volume', 'create', name]);

  return {
    async load(openMetrics) {
      const importing = ['tsdb', 'create-blocks-from', '--max-block-duration=6h', 'openmetrics'];
      const child = spawn(
        'docker',
        [
          ...['run', '--rm', '--interactive', '--name', `${name}-promtool`, '--network', 'none'],
          ...['--volume', volume, '--entrypoint', 'promtool', image],
          ...[...importing, '--quiet', '/dev/stdin', '/prometheus'],
        ],
        // A Ctrl-C is for us: without its input promtool ends by itself.
        { detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
      );
      const closed = once(child, 'close') as Promise<[number | null]>;
      const [sent, said, [code]] = await Promise.all([
        // What promtool says is the better reason when it did not want to read on.
        pipeline(Readable.from(openMetrics), child.stdin, { signal }).catch(
          (error: unknown) => error,
        ),
        text(child.stderr),
        closed,
      ]);
      signal.throwIfAborted();
      if (code !== 0) throw new Error(`promtool ended with ${code ?? '?'}: ${said}`);
      if (sent !== undefined) throw sent as Error;
    },

    async start() {
      await command('docker', [
        ...['run', '--detach', '--name', name, '--volume', volume],
        ...['--memory', mem_limit, '--env', `GOMEMLIMIT=${environment.GOMEMLIMIT}`],
        ...['--publish', '127.0.0.1::9090', image],
        // Nothing to scrape.
        ...['--config.file=/dev/null', '--storage.tsdb.path=/prometheus'],
        '--storage.tsdb.retention.time=1y',
        // The blocks stay as they are: none is joined with others while it is asked.
        ...['--storage.tsdb.min-block-duration=2h', '--storage.tsdb.max-block-duration=2h'],
      ]);
      const url = `http://${(await command('docker', ['port', name, '9090'])).trim()}`;
      await waitFor(
        'the second Prometheus to be ready',
        120,
        async (see) =>
          see((await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(5000) })).status) ===
          200,
        signal,
      );
      return url;
    },

    async remove() {
      const all = ['ps', '--all', '--quiet', '--filter', `name=^${name}`];
      const ids = (await command('docker', all)).split('\n').filter((id) => id !== '');
      if (ids.length > 0) await command('docker', ['rm', '--force', '--volumes', ...ids]);
      await command('docker', ['volume', 'rm', '--force', name]);
    },
  };
}
