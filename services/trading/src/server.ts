import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Express } from 'express';
import type { Health } from '@crows-nest/telemetry';

export interface RunningServer {
  port: number;
  /** Asks for no more traffic, waits until a gateway has seen that, then finishes what is under way (up to 20 s). */
  drain(): Promise<void>;
}

export interface ListenOptions {
  port: number;
  /** Time between `ready` turning 503 and the socket closing: milliseconds. */
  shutdownDelayMs: number;
}

/** What takes connections over from HTTP. */
export interface Upgrades {
  /** Whether it takes this one; otherwise the app answers, as if no upgrade had been asked for. */
  accepts(request: IncomingMessage): boolean;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends what was taken over, in bounded time: the server closes only when its last connection has. */
  close(): Promise<void>;
}

const FINISH_MS = 20_000;

/** Listens on all interfaces; resolves when connections are accepted. */
export async function listen(
  app: Express,
  health: Health,
  options: ListenOptions,
  upgrades?: Upgrades,
): Promise<RunningServer> {
  const server = createServer(
    { shouldUpgradeCallback: (request) => upgrades?.accepts(request) ?? false },
    app,
  );
  server.on('upgrade', (request, socket, head) => upgrades?.upgrade(request, socket, head));
  // A body of at most 100 kB that takes longer is no honest client.
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  // Longer than the 2 minutes that Caddy keeps an idle connection: whoever sends closes first, so that no request meets a
  // connection that is just being closed.
  server.keepAliveTimeout = 130_000;

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    port,
    async drain() {
      health.drain();
      await wait(options.shutdownDelayMs);
      await Promise.all([finish(server), upgrades?.close()]);
    },
  };
}

/** Stops accepting, closes idle connections, lets answers under way end, and cuts what is left after 20 s. */
async function finish(server: Server): Promise<void> {
  const limit = setTimeout(() => {
    server.closeAllConnections();
  }, FINISH_MS);
  // A connection that has just given its answer turns idle, and would be kept for more requests.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 50);
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  clearTimeout(limit);
  clearInterval(idle);
}
