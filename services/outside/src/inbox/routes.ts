import { Router, type Response } from 'express';
import { z } from 'zod';

import { showMessage } from '../page/message.ts';
import type { Heartbeat } from './heartbeat.ts';
import { matches, type Inbox } from './inbox.ts';
import { channels, severities, statuses } from './message.ts';

/** More open pages than this are told to come back later: each holds a connection. */
const maxStreams = 100;
/** A page that does not read is cut off rather than buffered for; it reconnects and asks for all. */
const maxBufferedBytes = 1024 * 1024;

const filter = z.object({
  channel: z.enum(channels).optional(),
  severity: z.enum(severities).optional(),
  status: z.enum(statuses).optional(),
  alerts: z.stringbool().optional(),
});
const query = filter.extend({ limit: z.coerce.number().int().min(1).max(1000).default(100) });

/** `GET /api/messages` and `GET /api/heartbeat`. */
export function inboxRoutes(inbox: Inbox, heartbeat: Heartbeat): Router {
  const router = Router();

  router.get('/api/messages', (request, response) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success) {
      response.status(400).json({ error: z.prettifyError(parsed.error) });
      return;
    }
    const { limit, ...wanted } = parsed.data;
    response.json(inbox.list(wanted, limit));
  });

  router.get('/api/heartbeat', (_request, response) => {
    response.json(heartbeat.status());
  });
  return router;
}

export interface StreamRoutes {
  router: Router;
  /** Ends all open streams, so that the server can close. */
  close: () => void;
}

/** `GET /api/stream`: tells of each new message that the filter lets through, as it comes (server-sent events). */
export function streamRoutes(inbox: Inbox, heartbeat: Heartbeat): StreamRoutes {
  const router = Router();
  const streams = new Set<Response>();

  router.get('/api/stream', (request, response) => {
    const parsed = filter.safeParse(request.query);
    if (!parsed.success) {
      response.status(400).json({ error: z.prettifyError(parsed.error) });
      return;
    }
    if (streams.size >= maxStreams) {
      response.status(503).set('Retry-After', '10').json({ error: 'Too many open streams.' });
      return;
    }
    response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.flushHeaders();
    streams.add(response);

    const tell = (event: string, data: unknown): void => {
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (response.writableLength > maxBufferedBytes) response.destroy();
    };
    tell('heartbeat', heartbeat.status());
    const unsubscribe = inbox.subscribe((message) => {
      if (matches(message, parsed.data)) {
        tell('message', { message, html: showMessage(message).text });
      }
    });
    // Also keeps the connection from being taken for idle.
    const timer = setInterval(() => {
      tell('heartbeat', heartbeat.status());
    }, 10_000);
    response.on('close', () => {
      clearInterval(timer);
      unsubscribe();
      streams.delete(response);
    });
  });

  return {
    router,
    close: () => {
      for (const stream of streams) stream.end();
    },
  };
}
