import { describe, expect, it } from 'vitest';

import { receiveSns } from './sns.ts';

const signed = 'AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/sns/aws4_request, Signature=y';

function publish(form: Record<string, string>, authorization = signed) {
  return receiveSns({
    path: '/',
    contentType: 'application/x-www-form-urlencoded; charset=utf-8',
    authorization,
    body: new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', ...form }).toString(),
  });
}

const text =
  '[FIRING:1] ServiceDown: no answer. http://localhost:8025/runbooks/ServiceDown\nSeverity: critical';

describe('an SNS Publish', () => {
  it('to a phone number is an SMS, answered in XML with a message id', () => {
    const received = publish({ PhoneNumber: '+15550100', Message: text });
    expect(received.answer.status).toBe(200);
    expect(received.answer.contentType).toContain('text/xml');
    expect(received.answer.body).toMatch(
      /^<PublishResponse xmlns="http:\/\/sns\.amazonaws\.com\/doc\/2010-03-31\/"><PublishResult><MessageId>[0-9a-f-]{36}<\/MessageId>/,
    );
    expect(received).toMatchObject({
      outcome: 'accepted',
      message: {
        channel: 'sms',
        to: '+15550100',
        severity: 'critical',
        status: 'firing',
        title: '[FIRING:1] ServiceDown: no answer. http://localhost:8025/runbooks/ServiceDown',
        text: 'Severity: critical',
        links: [{ kind: 'runbook', url: 'http://localhost:8025/runbooks/ServiceDown' }],
      },
    });
  });

  it('to a topic may have a subject, which is the title', () => {
    const TopicArn = 'arn:aws:sns:us-east-1:123456789012:on-call';
    expect(publish({ TopicArn, Subject: '[RESOLVED] X', Message: 'all well' })).toMatchObject({
      message: { to: TopicArn, status: 'resolved', title: '[RESOLVED] X', text: 'all well' },
    });
  });

  it.each([
    [
      'an unsigned call',
      403,
      'MissingAuthenticationToken',
      { PhoneNumber: '+15550100', Message: 'x' },
      '',
    ],
    ['another action', 400, 'InvalidAction', { Action: 'Subscribe' }, signed],
    ['no target', 400, 'InvalidParameter', { Message: 'x' }, signed],
    [
      'two targets',
      400,
      'InvalidParameter',
      { PhoneNumber: '+15550100', TopicArn: 'x', Message: 'x' },
      signed,
    ],
    [
      'a number without its country',
      400,
      'InvalidParameter',
      { PhoneNumber: '5550100', Message: 'x' },
      signed,
    ],
    [
      'a topic that is no ARN',
      400,
      'InvalidParameter',
      { TopicArn: 'on-call', Message: 'x' },
      signed,
    ],
    [
      'an empty message',
      400,
      'InvalidParameter',
      { PhoneNumber: '+15550100', Message: ' ' },
      signed,
    ],
    [
      'a message over 256 KiB',
      400,
      'InvalidParameter',
      { PhoneNumber: '+15550100', Message: 'x'.repeat(262_145) },
      signed,
    ],
    [
      'a subject over 100 characters',
      400,
      'InvalidParameter',
      { PhoneNumber: '+15550100', Message: 'x', Subject: 'x'.repeat(101) },
      signed,
    ],
  ])('is refused as AWS does: %s', (_name, status, code, form, authorization) => {
    const { outcome, answer } = publish(form, authorization);
    expect(outcome).toBe('refused');
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
  });

  it('escapes what it repeats in its XML', () => {
    const { answer } = publish({ PhoneNumber: '<b>&', Message: 'x' });
    expect(answer.body).toContain('&lt;b&gt;&amp; is not valid');
  });
});
