import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { createTransport, type SendMailOptions } from 'nodemailer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { NewMessage } from '../inbox/message.ts';
import { createMailServer } from './mail.ts';

let arrived: NewMessage[] = [];
let refused: string[] = [];
const handlers = {
  accepted: (message: NewMessage) => arrived.push(message),
  refused: (reason: string) => refused.push(reason),
};
const server = createMailServer(handlers, 10_000);

let send: (mail: SendMailOptions) => Promise<unknown>;

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.server.address() as AddressInfo;
  const transport = createTransport({ host: '127.0.0.1', port });
  send = (mail) => transport.sendMail(mail);
});
beforeEach(() => {
  arrived = [];
  refused = [];
});
afterAll(async () => {
  await new Promise<void>((done) => {
    server.close(done);
  });
});

describe('a mail', () => {
  it('of an alert, HTML only, is understood with the links one would click', async () => {
    await send({
      from: 'Alertmanager <alerts@crows-nest.example>',
      to: ['a@example.com', 'b@example.com'],
      subject: '[FIRING:1] ServiceDown · api',
      html: '<p>No answer.</p><p>Severity: warning</p><a style="x" href="http://localhost:9093/#/silences/new?a=1&amp;b=2"><b>Silence</b></a>',
    });
    expect(arrived).toMatchObject([
      {
        channel: 'mail',
        to: 'a@example.com, b@example.com',
        from: '"Alertmanager" <alerts@crows-nest.example>',
        severity: 'warning',
        status: 'firing',
        title: '[FIRING:1] ServiceDown · api',
        links: [{ kind: 'silence', url: 'http://localhost:9093/#/silences/new?a=1&b=2' }],
      },
    ]);
    expect(arrived[0]?.text).toContain('No answer.');
    expect(arrived[0]?.text).not.toContain('<');
  });

  it('in plain text has its labelled addresses as links', async () => {
    await send({
      from: 'a@example.com',
      to: 'b@example.com',
      subject: '[RESOLVED] X',
      text: 'Severity: critical\n\nRunbook: http://example.com/a\nDashboard: http://example.com/b.',
    });
    expect(arrived[0]).toMatchObject({
      severity: 'critical',
      status: 'resolved',
      links: [
        { kind: 'runbook', url: 'http://example.com/a' },
        { kind: 'dashboard', url: 'http://example.com/b' },
      ],
    });
  });

  it('to a customer is no alert, whatever words are in it', async () => {
    await send({
      from: 'trading@example.com',
      to: 'ada@example.com',
      subject: 'You bought 3 shares',
      text: 'Severity: critical, said the seller',
    });
    expect(arrived).toHaveLength(1);
    expect(arrived[0]?.status).toBeUndefined();
    expect(arrived[0]?.severity).toBeUndefined();
  });

  it('that is too large is refused with 552 and not kept', async () => {
    const mail = {
      from: 'a@example.com',
      to: 'b@example.com',
      subject: 'x',
      text: 'x'.repeat(10_000),
    };
    await expect(send(mail)).rejects.toMatchObject({ responseCode: 552 });
    expect(arrived).toEqual([]);
  });

  it('without a From header is refused with 550 and not kept', async () => {
    const raw = 'Subject: x\r\n\r\nhello\r\n';
    const envelope = { from: 'a@example.com', to: ['b@example.com'] };
    await expect(send({ envelope, raw })).rejects.toMatchObject({ responseCode: 550 });
    expect(arrived).toEqual([]);
    expect(refused).toEqual(['a mail without a From header']);
  });
});
