import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy before a server, to take the server away from the application without touching it. */
export interface Proxy {
  /** The server's URL, by way of the proxy. */
  url: string;
  /** Cuts all connections, and refuses new ones. */
  cut(): Promise<void>;
  /** Keeps connections open, accepts new ones, and lets nothing through: a server that hangs. */
  freeze(): void;
  /** All is well again. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export async function createProxy(serverUrl: string): Promise<Proxy> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let frozen = false;
  const proxy = createServer((incoming) => {
    const outgoing = connect(Number(port), hostname);
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
      if (frozen) socket.pause();
    }
    incoming.on('data', (data) => outgoing.write(data));
    outgoing.on('data', (data) => incoming.write(data));
    if (frozen) freeze();
  });
  const listen = (at: number) =>
    new Promise<void>((resolve) => {
      proxy.listen(at, '127.0.0.1', resolve);
    });
  const freeze = () => {
    frozen = true;
    for (const socket of sockets) socket.pause();
  };
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };

  await listen(0);
  const { port: ownPort } = proxy.address() as AddressInfo;
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = String(ownPort);
  const stop = () =>
    new Promise<void>((resolve) => {
      proxy.close(() => {
        resolve();
      });
      drop();
    });
  return {
    url: url.href,
    cut: stop,
    freeze,
    async restore() {
      frozen = false;
      drop();
      if (!proxy.listening) await listen(ownPort);
    },
    close: async () => {
      if (proxy.listening) await stop();
    },
  };
}
