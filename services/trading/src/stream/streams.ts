import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { currentContext, runWithCarrier, setUser, type Telemetry } from '@crows-nest/telemetry';
import type { Activity } from '../auth/activity.ts';
import type { Auth } from '../auth/auth.ts';
import type { Session, Sessions } from '../auth/sessions.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import type { QuoteReader } from '../quotes/reader.ts';
import type { Upgrades } from '../server.ts';
import { startBackground, type Task } from '../worker/background.ts';
import { createAudience } from './audience.ts';
import { createConnection, type Connection } from './connection.ts';
import { carrierOf, isHandshake, PATH } from './handshake.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { OrderEvent } from './order-events.ts';
import { CLOSE, clientMessages } from './protocol.ts';
import { quoteTexts } from './quote-texts.ts';

/** As upgrades of a server; closing is with 1001, and cuts those that do not answer in time. */
export interface Streams extends Upgrades {
  /** Sends the state of an order to the customer whose it is. */
  tellOwner(event: OrderEvent): void;
}

export interface StreamsDependencies {
  auth: Pick<Auth, 'authenticate'>;
  sessions: Pick<Sessions, 'renew'>;
  activity: Pick<Activity, 'seen'>;
  quotes: Pick<QuoteReader, 'current' | 'delayed' | 'onPushed'>;
  characters: { id: string }[];
  telemetry: Pick<Telemetry, 'logger' | 'span'>;
  metrics: Pick<ApiMetrics, 'streamConnections' | 'streamMessages' | 'streamDuration'>;
  /** Where a request comes from. */
  addressOf: (request: IncomingMessage) => string;
  limits?: Limits;
}

const STOPPING = 'The server is stopping. Connect again.';
const FULL = 'There are too many streams. Connect again later.';
const SESSION_ENDED = 'The session has ended. Log in again.';

/** The streams of one process. */
export function createStreams({
  auth,
  sessions,
  activity,
  quotes,
  characters,
  telemetry,
  metrics,
  addressOf,
  limits = LIMITS,
}: StreamsDependencies): Streams {
  const messages = clientMessages(new Set(characters.map(({ id }) => id)));
  const audience = createAudience(limits);
  const serving = new Set<Promise<void>>();
  let stopping = false;

  /** One stream, from its beginning to its end. */
  async function serve(socket: WebSocket, request: IncomingMessage): Promise<void> {
    const start = performance.now();
    const { headers } = request;
    const address = addressOf(request);
    const connection = createConnection({
      socket,
      messages,
      // Bound, because messages come from outside of the request's context: its ids, its trace, its user.
      authenticate: AsyncResource.bind((authorization: string) =>
        authenticate(authorization, address),
      ),
      identify: (session) => {
        audience.identify(connection, session.user.id);
      },
      board: ({ user }) => boardFor(user.realtime),
      onFault: AsyncResource.bind((error: unknown) => {
        telemetry.logger.error(`GET ${PATH} failed`, { error });
      }),
      metrics,
      limits,
    });
    metrics.streamConnections.inc();
    if (stopping) connection.close(CLOSE.goingAway, STOPPING);
    else if (!audience.enter(connection)) connection.close(CLOSE.tryAgainLater, FULL);
    if (headers.authorization !== undefined) connection.login(headers.authorization);

    const { code, reason } = await connection.ended;
    audience.leave(connection);
    metrics.streamConnections.dec();
    const seconds = (performance.now() - start) / 1000;
    if (connection.session()) metrics.streamDuration.observe(seconds);
    telemetry.logger.http(`GET ${PATH} closed`, {
      method: 'GET',
      path: PATH,
      code,
      reason,
      durationMs: Math.round(seconds * 1000),
      userAgent: headers['user-agent'],
    });
  }

  function authenticate(authorization: string, address: string): Promise<Session> {
    const attributes = { 'request.id': currentContext()?.requestId ?? '' };
    return telemetry.span('stream.authenticate', attributes, async (span) => {
      const session = await auth.authenticate(authorization, address);
      span.setAttribute('user.id', session.user.id);
      setUser(session.user.id);
      activity.seen(session.user.id);
      return session;
    });
  }

  /** The streams of those who have authenticated. */
  function customers(): { connection: Connection; session: Session }[] {
    return [...audience.all()].flatMap((connection) => {
      const session = connection.session();
      return session ? [{ connection, session }] : [];
    });
  }

  /** What a customer sees of the market: as it is with the real-time plan, else as it was 5 seconds ago. */
  const boardFor = (realtime: boolean) => (realtime ? quotes.current() : quotes.delayed());

  /** Shows everybody the newest quotes, and finds those who read too slowly. */
  async function showQuotes(): Promise<void> {
    const kinds = Map.groupBy(customers(), ({ session }) => session.user.realtime);
    await Promise.all(
      [...kinds].map(async ([realtime, ofKind]) => {
        // While Redis and Postgres are away there is nothing new to show.
        const board = await boardFor(realtime).catch(() => undefined);
        if (!board) return;
        const texts = quoteTexts(board);
        for (const { connection } of ofKind) connection.show(board, texts);
      }),
    );
  }

  /** Streams whose session has ended are closed; the others go on under the session as it is now. */
  async function renewSessions(): Promise<void> {
    const held = customers();
    if (held.length === 0) return;
    const renewed = await sessions.renew(held.map(({ session }) => session));
    for (const [index, { connection }] of held.entries()) {
      const session = renewed[index];
      if (session) {
        connection.renew(session);
        activity.seen(session.user.id);
      } else {
        connection.close(CLOSE.unauthenticated, SESSION_ENDED);
      }
    }
  }

  function pingAll(): Promise<void> {
    for (const connection of audience.all()) connection.ping();
    return Promise.resolve();
  }

  const tasks: Task[] = [
    // Also while none are pushed: because Redis is away, or the market stands still.
    { name: 'quotes of streams', everyMs: limits.showMs, run: showQuotes },
    { name: 'sessions of streams', everyMs: limits.sessionsMs, run: renewSessions },
    { name: 'pings of streams', everyMs: limits.pingMs, run: pingAll },
  ];
  const background = startBackground(tasks, telemetry.logger);
  quotes.onPushed(() => void showQuotes());

  // @types/ws does not know closeTimeout yet.
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    maxPayload: limits.messageBytes,
    closeTimeout: limits.closeMs,
    // Would cost memory for each connection and save little: messages are short.
    perMessageDeflate: false,
  };
  const server = new WebSocketServer(options);

  return {
    accepts: isHandshake,
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const served = runWithCarrier(carrierOf(request), () => serve(webSocket, request));
        serving.add(served);
        void served.finally(() => serving.delete(served));
      });
    },
    tellOwner({ userId, order }) {
      for (const connection of audience.of(userId)) connection.send({ type: 'order', order });
    },
    async close() {
      stopping = true;
      for (const connection of audience.all()) connection.close(CLOSE.goingAway, STOPPING);
      await Promise.all(serving);
      await background.close();
    },
  };
}
