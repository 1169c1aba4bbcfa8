import { createTransport } from 'nodemailer';

export interface Mail {
  /** Message-ID without brackets: the same for each attempt to send one mail. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /** Resolves once the server has taken the mail; fails after at most 10 s. */
  send(mail: Mail): Promise<void>;
  close(): Promise<void>;
}

/** SMTP, over up to 5 kept connections. */
export function createMailer(smtpUrl: string, from: string): Mailer {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const transport = createTransport({
    host: hostname,
    port: Number(port) || 25,
    secure: protocol === 'smtps:',
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: 5,
    connectionTimeout: 3000,
    greetingTimeout: 3000,
    socketTimeout: 10_000,
  });
  return {
    async send({ id, ...mail }) {
      await transport.sendMail({ ...mail, from, messageId: `<${id}>` });
    },
    close: () => {
      transport.close();
      return Promise.resolve();
    },
  };
}
