import { createTransport } from 'nodemailer';

export interface Mail {
  /** Message-ID without brackets: the same for each attempt to send one mail. */
  id: string;
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /**
   * Resolves once the server has taken the mail; fails after at most 26 s: 3 to connect, 3 for the greeting, 4 for each
   * of five answers.
   */
  send(mail: Mail): Promise<void>;
  close(): Promise<void>;
}

/** SMTP, over up to 10 kept connections: as many as jobs run at once, so that none waits for a connection. */
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
    maxConnections: 10,
    connectionTimeout: 3000,
    greetingTimeout: 3000,
    socketTimeout: 4000,
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
