import { WebSocket, type RawData } from 'ws';
import { checked } from '../api/input.ts';
import { toProblem } from '../api/problems.ts';
import type { Session } from '../auth/sessions.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import { Problem, unauthorized } from '../problem.ts';
import type { QuoteBoard } from '../quotes/quote.ts';
import type { Limits } from './limits.ts';
import { CLOSE, type ClientMessage, type clientMessages, type ServerMessage } from './protocol.ts';
import { quoteTexts, subscription, type QuoteTexts } from './quote-texts.ts';

export interface Connection {
  /** Whose it is; undefined until the client has authenticated. */
  session(): Session | undefined;
  /** Goes on under the session as it is now. */
  renew(session: Session): void;
  /** Authenticates by an Authorization header. */
  login(authorization: string): void;
  send(message: ServerMessage): void;
  /** Sends what the client has subscribed to and has not seen; nothing while it is behind. */
  show(board: QuoteBoard, texts: QuoteTexts): void;
  /** Pings; drops a client that has not answered the last ping. */
  ping(): void;
  close(code: number, reason: string): void;
  /** Resolves when it has ended: by our code where we closed it. */
  ended: Promise<Ending>;
}

export interface Ending {
  code: number;
  reason: string;
}

export interface ConnectionOptions {
  socket: WebSocket;
  messages: ReturnType<typeof clientMessages>;
  /** Finds whose token it is. @throws {Problem} 401 */
  authenticate(authorization: string): Promise<Session>;
  /** Notes whose it is. @throws {Problem} 429 when that customer has too many */
  identify(session: Session): void;
  /** The quotes that a subscription is answered with. */
  board(session: Session): Promise<QuoteBoard | undefined>;
  /** Hears of what is our fault. */
  onFault(error: unknown): void;
  metrics: Pick<ApiMetrics, 'streamMessages'>;
  limits: Limits;
}

/** One client: what it says is checked and done one after another, and what it does not read is bounded. */
export function createConnection(options: ConnectionOptions): Connection {
  const { socket, messages, metrics, limits } = options;
  let subscribed = subscription([]);
  let session: Session | undefined;
  let shown: QuoteBoard | undefined;
  let behindSince: number | undefined;
  let answered = true;
  let second = { from: 0, messages: 0 };
  let work = Promise.resolve();
  let waiting = 0;
  let closedWith: Ending | undefined;
  let breach = '';

  const isOpen = () => socket.readyState === WebSocket.OPEN;
  const countReceived = (type: ClientMessage['type'] | 'invalid') => {
    metrics.streamMessages.inc({ type, direction: 'in' });
  };

  function transmit(type: ServerMessage['type'], text: string): void {
    if (!isOpen()) return;
    socket.send(text);
    metrics.streamMessages.inc({ type, direction: 'out' });
    // What cannot be left out, as quotes can, is not piled up either.
    if (socket.bufferedAmount > limits.bufferedBytes) dropSlow();
  }

  function close(code: number, reason: string): void {
    if (!isOpen()) return;
    closedWith = { code, reason };
    socket.close(code, reason);
  }

  function dropSlow(): void {
    close(CLOSE.tooSlow, 'You read too slowly. Connect again, and read all that comes.');
  }

  function refuse(error: unknown): void {
    const problem = toProblem(error);
    if (problem.status >= 500) options.onFault(problem.cause ?? problem);
    transmit(
      'error',
      JSON.stringify({ type: 'error', code: problem.code, detail: problem.message }),
    );
    close(closeCodeOf(problem), problem.title);
  }

  const late = setTimeout(() => {
    refuse(unauthorized('Expected an authenticate message within 5 seconds.'));
  }, limits.authenticateMs);

  /** Does it after all that came before. */
  function queue(run: () => Promise<void>): void {
    waiting += 1;
    work = work.then(async () => {
      if (isOpen()) await run().catch(refuse);
      waiting -= 1;
    });
  }

  async function login(authorization: string): Promise<void> {
    const found = await options.authenticate(authorization);
    if (!isOpen()) return;
    options.identify(found);
    clearTimeout(late);
    session = found;
    transmit('authenticated', JSON.stringify({ type: 'authenticated', user: found.user }));
  }

  async function handle(message: ClientMessage): Promise<void> {
    if (message.type === 'authenticate') {
      if (session) throw policy('You have authenticated already.');
      await login(`Bearer ${message.token}`);
      return;
    }
    if (!session) throw unauthorized('Expected an authenticate message first.');
    switch (message.type) {
      case 'subscribe': {
        subscribed = subscription([...subscribed.characters, ...message.characters]);
        const board = await options.board(session);
        shown = undefined;
        if (board) show(board, quoteTexts(board));
        return;
      }
      case 'unsubscribe': {
        const dropped = new Set(message.characters);
        subscribed = subscription([...subscribed.characters].filter((id) => !dropped.has(id)));
        return;
      }
      case 'ping':
        transmit('pong', '{"type":"pong"}');
    }
  }

  function show(board: QuoteBoard, texts: QuoteTexts): void {
    if (isBehind() || (shown && shown.quotedAt >= board.quotedAt)) return;
    const text = texts(subscribed, shown);
    shown = board;
    if (text !== undefined) transmit('quotes', text);
  }

  function isBehind(): boolean {
    if (socket.bufferedAmount <= limits.quotesBytes) {
      behindSince = undefined;
      return false;
    }
    behindSince ??= performance.now();
    if (performance.now() - behindSince > limits.behindMs) dropSlow();
    return true;
  }

  function isFlood(): boolean {
    const now = performance.now();
    if (now - second.from >= 1000) second = { from: now, messages: 0 };
    second.messages += 1;
    return second.messages > limits.messagesPerSecond;
  }

  socket.on('message', (data, isBinary) => {
    if (!isOpen()) return;
    if (isFlood() || waiting >= limits.messagesPerSecond) {
      countReceived('invalid');
      refuse(policy(`At most ${limits.messagesPerSecond} messages a second are expected.`));
      return;
    }
    queue(async () => {
      let message: ClientMessage;
      try {
        message = checked(messages, parsed(data, isBinary));
      } catch (error) {
        countReceived('invalid');
        throw error;
      }
      countReceived(message.type);
      await handle(message);
    });
  });
  // ws answers each, and the answers have to be read too.
  socket.on('ping', () => {
    if (isOpen() && isFlood()) refuse(policy('Fewer pings are expected.'));
  });
  socket.on('pong', () => {
    answered = true;
  });
  // What the protocol itself forbids: ws closes, and says why by its code.
  socket.on('error', ({ message }) => {
    countReceived('invalid');
    breach = message;
  });
  const ended = new Promise<Ending>((resolve) => {
    socket.on('close', (code, reason) => {
      clearTimeout(late);
      resolve(closedWith ?? { code, reason: breach || reason.toString() });
    });
  });

  return {
    session: () => session,
    renew(renewed) {
      session = renewed;
    },
    login(authorization) {
      queue(() => login(authorization));
    },
    send(message) {
      transmit(message.type, JSON.stringify(message));
    },
    show,
    ping() {
      if (!answered) {
        socket.terminate();
        return;
      }
      answered = false;
      if (isOpen()) socket.ping();
    },
    close,
    ended,
  };
}

function parsed(data: RawData, isBinary: boolean): unknown {
  if (isBinary) throw policy('Text frames of JSON are expected, no binary ones.');
  try {
    return JSON.parse((data as Buffer).toString()) as unknown;
  } catch {
    throw policy('A message of JSON is expected.');
  }
}

function policy(detail: string): Problem {
  return new Problem({ status: 400, code: 'invalid-message', title: 'Invalid message', detail });
}

function closeCodeOf({ status }: Problem): number {
  if (status === 401) return CLOSE.unauthenticated;
  if (status === 429 || status === 503) return CLOSE.tryAgainLater;
  return status >= 500 ? CLOSE.internalError : CLOSE.policy;
}
