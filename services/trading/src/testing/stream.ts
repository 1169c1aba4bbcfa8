import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Message {
  type: string;
  [field: string]: unknown;
}

/** A client of the stream that keeps what it hears. */
export interface StreamClient {
  socket: WebSocket;
  /** In the order they came. */
  messages: Message[];
  of(type: string): Message[];
  say(message: unknown): void;
  /** Resolves once everything that was said before is done. */
  settled(): Promise<void>;
  /** How the server closed it. */
  closed: Promise<{ code: number; reason: string }>;
}

/** Connects to the API at an http URL. */
export async function connectStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<StreamClient> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/stream`, { headers });
  const messages: Message[] = [];
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as Message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
  });
  await once(socket, 'open');
  const say = (message: unknown) => {
    socket.send(JSON.stringify(message));
  };
  return {
    socket,
    messages,
    of: (type) => messages.filter((message) => message.type === type),
    say,
    async settled() {
      say({ type: 'ping' });
      await new Promise<void>((resolve) => {
        socket.on('message', function heard(data: Buffer) {
          if ((JSON.parse(data.toString()) as Message).type !== 'pong') return;
          socket.off('message', heard);
          resolve();
        });
      });
    },
    closed,
  };
}
