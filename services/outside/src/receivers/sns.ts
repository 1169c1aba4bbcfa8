import { randomUUID } from 'node:crypto';

import { severityIn, statusIn } from '../inbox/classify.ts';
import { linksInText, tidy } from '../inbox/links.ts';
import { escapeHtml } from '../html.ts';
import type { Incoming, Received } from './received.ts';

const namespace = 'http://sns.amazonaws.com/doc/2010-03-31/';
const maxBytes = 256 * 1024;

/**
 * Amazon SNS `Publish` in AWS's query protocol: a signed form in, XML out. A topic is taken to have one SMS subscriber, so
 * both it and a phone number show as SMS. The signature must be there but is not checked: nobody here has the keys.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export function receiveSns({ body, authorization }: Incoming): Received {
  if (!authorization.startsWith('AWS4-HMAC-SHA256 ')) {
    return refuse(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  const form = new URLSearchParams(body);
  const action = form.get('Action') ?? '';
  if (action !== 'Publish') {
    return refuse(400, 'InvalidAction', `The action ${action} is not valid for this web service.`);
  }
  const phone = form.get('PhoneNumber');
  const targets = [phone, form.get('TopicArn'), form.get('TargetArn')].filter(
    (each) => each !== null,
  );
  const [to] = targets;
  if (to === undefined || targets.length > 1) {
    return invalid('Exactly one of TopicArn, TargetArn and PhoneNumber is required');
  }
  if (phone !== null && !/^\+[1-9]\d{6,14}$/.test(phone)) {
    return invalid(`PhoneNumber Reason: ${phone} is not valid to publish to`);
  }
  if (phone === null && !/^arn:aws[\w-]*:sns:[\w-]+:\d{12}:.+$/.test(to)) {
    return invalid(`TopicArn Reason: ${to} is not an SNS ARN`);
  }
  const text = form.get('Message') ?? '';
  if (text.trim() === '') return invalid('Empty message');
  if (Buffer.byteLength(text) > maxBytes) return invalid('Message too long');
  const subject = form.get('Subject');
  if (
    subject !== null &&
    (subject.length === 0 || subject.length > 100 || /[\n\r]/.test(subject))
  ) {
    return invalid('Subject');
  }
  const title = subject ?? text.trim().split('\n')[0] ?? '';
  return {
    outcome: 'accepted',
    message: {
      channel: 'sms',
      to,
      severity: severityIn(text),
      status: statusIn(title) ?? statusIn(text),
      title,
      text: subject === null ? text.trim().split('\n').slice(1).join('\n').trim() : text.trim(),
      links: tidy(linksInText(text)),
    },
    answer: xml(
      200,
      `<PublishResponse xmlns="${namespace}"><PublishResult><MessageId>${randomUUID()}</MessageId></PublishResult>` +
        `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></PublishResponse>`,
    ),
  };
}

function invalid(what: string): Received {
  return refuse(400, 'InvalidParameter', `Invalid parameter: ${what}`);
}

function refuse(status: number, code: string, message: string): Received {
  return {
    outcome: 'refused',
    reason: message,
    answer: xml(
      status,
      `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code>` +
        `<Message>${escapeHtml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
    ),
  };
}

function xml(status: number, body: string) {
  return { status, contentType: 'text/xml; charset=utf-8', body };
}
