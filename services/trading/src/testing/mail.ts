import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail server that keeps what it gets, and can refuse. */
export interface MailServer {
  url: string;
  /** Raw mails, in the order they came. */
  mails: string[];
  /** While true, every mail is turned away for now (451). */
  refusing: boolean;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const received: MailServer = {
    url: '',
    mails: [],
    refusing: false,
    close: () => Promise.resolve(),
  };
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    onData(stream, _session, callback) {
      void text(stream).then((mail) => {
        if (received.refusing) {
          callback(Object.assign(new Error('Later, please'), { responseCode: 451 }));
          return;
        }
        received.mails.push(mail);
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  received.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  received.close = () =>
    new Promise((resolve) => {
      server.close(resolve);
    });
  return received;
}
