import { describe, expect, it } from 'vitest';

import { receivePagerDuty } from './pagerduty.ts';

function post(event: unknown) {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const received = receivePagerDuty({
    path: '/v2/enqueue',
    contentType: 'application/json',
    authorization: '',
    body,
  });
  return { ...received, json: JSON.parse(received.answer.body) as Record<string, unknown> };
}

const routing_key = '0123456789abcdef0123456789abcdef';
const payload = { summary: '[FIRING:1] ServiceDown', source: 'Alertmanager', severity: 'critical' };
const trigger = { routing_key, event_action: 'trigger', dedup_key: 'abc', payload };

describe('a PagerDuty event', () => {
  it('that triggers is taken with 202 and its dedup_key', () => {
    const { outcome, answer, json } = post(trigger);
    expect(outcome).toBe('accepted');
    expect(answer.status).toBe(202);
    expect(json).toEqual({ status: 'success', message: 'Event processed', dedup_key: 'abc' });
  });

  it('gets a dedup_key when it brings none', () => {
    const { json } = post({ ...trigger, dedup_key: undefined });
    expect(json['dedup_key']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is shown with its details and links', () => {
    const received = post({
      ...trigger,
      client: 'Alertmanager',
      client_url: 'http://localhost:9093',
      links: [{ href: 'http://localhost:8025/runbooks/ServiceDown', text: 'Runbook' }],
      payload: {
        ...payload,
        severity: 'error',
        component: 'api',
        custom_details: { firing: 'api is down', Dashboard: 'http://localhost:3001/d/lookout' },
      },
    });
    expect(received).toMatchObject({
      message: {
        channel: 'pagerduty',
        to: 'api',
        severity: 'critical',
        status: 'firing',
        title: '[FIRING:1] ServiceDown',
        fields: [
          { name: 'Source', value: 'Alertmanager' },
          { name: 'Component', value: 'api' },
          { name: 'firing', value: 'api is down' },
          { name: 'Dashboard', value: 'http://localhost:3001/d/lookout' },
          { name: 'Dedup key', value: 'abc' },
        ],
        links: [
          { kind: 'runbook' },
          { kind: 'dashboard' },
          { kind: 'other', label: 'Alertmanager' },
        ],
      },
    });
  });

  it('shows lists as JSON without taking links from them, and leaves empty ones out', () => {
    const firing = [{ generatorURL: 'http://localhost:9090/graph' }];
    const received = post({
      ...trigger,
      payload: { ...payload, custom_details: { firing, resolved: [], num_firing: 1 } },
    });
    expect(received).toMatchObject({
      message: {
        fields: [
          { name: 'Source' },
          { name: 'firing', value: JSON.stringify(firing, null, 2) },
          { name: 'num_firing', value: '1' },
          { name: 'Dedup key' },
        ],
        links: [],
      },
    });
  });

  it('that resolves needs no payload, and says which incident', () => {
    const received = post({ routing_key, event_action: 'resolve', dedup_key: 'abc' });
    expect(received).toMatchObject({
      outcome: 'accepted',
      message: { status: 'resolved', title: 'Incident abc' },
    });
  });

  it.each([
    [
      'a short routing_key',
      { routing_key: 'short' },
      "Length of 'routing_key' is incorrect (should be 32 characters)",
    ],
    ['no routing_key', { routing_key: undefined }, "'routing_key' is missing or blank"],
    ['an unknown action', { event_action: 'explode' }, "'event_action' is invalid"],
    ['no payload', { payload: undefined }, "'payload' is missing or blank"],
    [
      'a blank summary',
      { payload: { ...payload, summary: ' ' } },
      "'payload.summary' is missing or blank",
    ],
    [
      'no source',
      { payload: { ...payload, source: undefined } },
      "'payload.source' is missing or blank",
    ],
    [
      'an unknown severity',
      { payload: { ...payload, severity: 'bad' } },
      "'payload.severity' is invalid",
    ],
    [
      'a resolve that says nothing of which',
      { event_action: 'resolve', dedup_key: undefined },
      "'dedup_key' is missing or blank",
    ],
  ])("with %s is refused in PagerDuty's words", (_name, change, error) => {
    const { outcome, answer, json } = post({ ...trigger, ...change });
    expect(outcome).toBe('refused');
    expect(answer.status).toBe(400);
    expect(json).toEqual({
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: [expect.stringContaining(error)],
    });
  });

  it('that is no JSON is refused', () => {
    expect(post('nope').answer.status).toBe(400);
  });
});
