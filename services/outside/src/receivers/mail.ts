import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

import { severityIn, severityOf, statusIn } from '../inbox/classify.ts';
import { link, linksInText, tidy } from '../inbox/links.ts';
import type { NewMessage } from '../inbox/message.ts';

export interface MailHandlers {
  accepted(message: NewMessage): void;
  refused(reason: string): void;
}

/**
 * A mail server that takes every mail for every address, without TLS and without log-in: it is only reached from inside.
 * The caller listens and closes. Mails larger than `maxBytes` are refused with 552; ours are a few kB.
 */
export function createMailServer(handlers: MailHandlers, maxBytes = 1024 * 1024): SMTPServer {
  return new SMTPServer({
    name: 'outside',
    banner: "Crow's Nest, the world outside",
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: maxBytes,
    maxClients: 50,
    socketTimeout: 30_000,
    // What is under way at close gets this long to end.
    closeTimeout: 2_000,
    onData(stream, session, callback) {
      // The HTML that mailparser would make of a text is never shown.
      simpleParser(stream, { skipTextToHtml: true }).then(
        (mail) => {
          if (stream.sizeExceeded) {
            handlers.refused(`a mail of more than ${maxBytes} bytes`);
            callback(smtpError(552, `Message exceeds the fixed maximum size of ${maxBytes} bytes`));
            return;
          }
          const recipients = session.envelope.rcptTo.map((each) => each.address);
          if (mail.from === undefined) {
            handlers.refused('a mail without a From header');
            callback(smtpError(550, '5.6.0 A mail needs a From header (RFC 5322)'));
            return;
          }
          handlers.accepted(understandMail(mail, recipients));
          callback();
        },
        (error: unknown) => {
          handlers.refused(`a mail that cannot be read: ${String(error)}`);
          callback(smtpError(550, '5.6.0 The message cannot be read'));
        },
      );
    },
  });
}

/** The message in a mail. `recipients` are the envelope's: where it really went. */
export function understandMail(mail: ParsedMail, recipients: string[]): NewMessage {
  const title = mail.subject ?? '(no subject)';
  // mailparser makes the text of a mail that has only HTML.
  const text = (mail.text ?? '').trim();
  const status = statusIn(title);
  return {
    channel: 'mail',
    to: recipients.join(', '),
    from: mail.from?.text,
    status,
    // The word "severity" in a customer's mail makes it no alert.
    severity:
      status && (severityIn(text) ?? severityOf(/critical|warning|info/i.exec(title)?.[0] ?? '')),
    title,
    text,
    links: tidy([...anchors(mail.html || ''), ...linksInText(text)]),
  };
}

/** The links of an HTML mail with the words one would click. The mail's own HTML is never shown. */
function anchors(markup: string) {
  return [...markup.matchAll(/<a\b[^>]*\bhref="([^"]+)"[^>]*>(.*?)<\/a>/gis)].flatMap(
    ([, url = '', label = '']) =>
      link(
        label
          .replaceAll(/<[^>]*>/g, '')
          .replaceAll(/\s+/g, ' ')
          .trim(),
        url.replaceAll('&amp;', '&'),
      ),
  );
}

function smtpError(responseCode: number, message: string): Error & { responseCode: number } {
  return Object.assign(new Error(message), { responseCode });
}
