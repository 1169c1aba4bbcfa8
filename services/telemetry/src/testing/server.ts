import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a free port, standing in for something outside. */
export interface StandIn extends AsyncDisposable {
  url: string;
}

/** Starts a server that hands each request, with its whole body, to `answer`. */
export async function startStandIn(
  answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<StandIn> {
  const server = createServer((request, response) => {
    void request.toArray().then((parts: Buffer[]) => {
      answer(request, Buffer.concat(parts), response);
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
