import { describe, expect, test } from 'vitest';

import type { ActiveAlert, Message } from '../tests/lookout.ts';
import type { Incident } from './drill.ts';
import { isOf, missing, nameOf, noticesOf, unexpected, whereTo } from './expectations.ts';

const labels = { alertname: 'ServiceDown', service: 'api', severity: 'critical', team: 'platform' };
const told = noticesOf(labels).map(whereTo);

describe('an alert', () => {
  test('is known by its name and the labels that are named', () => {
    expect(isOf(labels, { alertname: 'ServiceDown' })).toBe(true);
    expect(isOf(labels, { alertname: 'ServiceDown', labels: { service: 'api' } })).toBe(true);
    expect(isOf(labels, { alertname: 'ServiceDown', labels: { service: 'web' } })).toBe(false);
    expect(isOf(labels, { alertname: 'DependencyDown' })).toBe(false);
  });

  test('may have to have a label, whatever it says', () => {
    const named = { alertname: 'AuthFailuresHigh', labels: { address: /^\d/ } };
    expect(isOf({ alertname: 'AuthFailuresHigh', address: '10.0.0.1' }, named)).toBe(true);
    expect(isOf({ alertname: 'AuthFailuresHigh' }, named)).toBe(false);
  });

  test('is shown with its service', () => {
    expect(nameOf({ alertname: 'ServiceDown', labels: { service: 'api' } })).toBe(
      'ServiceDown api',
    );
    expect(nameOf({ alertname: 'ServiceDown' })).toBe('ServiceDown');
    expect(nameOf('heartbeat')).toBe("the inbox's alarm");
  });
});

describe('who is told', () => {
  test('of a critical one: Slack and PagerDuty', () => {
    expect(told).toEqual(['slack #alerts-critical', 'pagerduty']);
  });

  test('of a warning and of what is worth knowing: Slack, each in its channel', () => {
    expect(noticesOf({ ...labels, severity: 'warning' }).map(whereTo)).toEqual([
      'slack #alerts-warnings',
    ]);
    expect(noticesOf({ ...labels, severity: 'info' }).map(whereTo)).toEqual([
      'slack #alerts-general',
    ]);
  });

  test('a team with a channel of its own as well', () => {
    expect(noticesOf({ ...labels, team: 'security' }).map(whereTo)).toEqual([
      ...told,
      'slack #team-security',
    ]);
  });
});

describe('a notice is missing', () => {
  const message = (changes: Partial<Message>): Message => ({
    id: '1',
    at: '2026-11-21T10:00:05.000Z',
    channel: 'slack',
    to: '#alerts-critical',
    status: 'firing',
    title: '[FIRING:1] ServiceDown api',
    text: '',
    links: [],
    ...changes,
  });
  const page = message({ channel: 'pagerduty', to: 'api' });
  const since = Date.parse('2026-11-21T10:00:00.000Z');
  const missed = (...messages: Message[]) =>
    missing(noticesOf(labels), messages, 'firing', since).map(whereTo);

  test('not when all have come', () => {
    expect(missed(message({}), page)).toEqual([]);
  });

  test.each<[string, Partial<Message>]>([
    ['is of another incident, before', { at: '2026-11-21T09:59:59.999Z' }],
    ['says that it is over', { status: 'resolved' }],
    ['is of another alert', { title: '[FIRING:1] DependencyDown api' }],
    ['is of another service', { title: '[FIRING:1] ServiceDown api-gateway' }],
    ['went to another channel', { to: '#alerts-warnings' }],
  ])('when the one that came %s', (_why, changes) => {
    expect(missed(message(changes), page)).toEqual(['slack #alerts-critical']);
  });
});

describe('an alert is unexpected', () => {
  const incident = {
    raises: { alertname: 'ServiceDown', labels: { service: 'api' } },
    alsoFires: [{ alertname: 'JourneyFailing' }],
  } as unknown as Incident;
  const alert = (changes: Record<string, string>, state: 'active' | 'suppressed' = 'active') =>
    ({ labels: { ...labels, ...changes }, status: { state } }) as unknown as ActiveAlert;

  test('when it is critical, told, and does not follow from the incident', () => {
    const found = unexpected(
      [
        alert({}),
        alert({ alertname: 'JourneyFailing' }),
        alert({ alertname: 'LowCacheHitRate', severity: 'warning' }),
        alert({ alertname: 'HighErrorRate' }, 'suppressed'),
        alert({ service: 'web' }),
      ],
      incident,
    );
    expect(found).toEqual(['ServiceDown web']);
  });

  test('whatever it is, where only the inbox can raise an alarm', () => {
    expect(unexpected([alert({})], { ...incident, raises: 'heartbeat' })).toEqual([
      'ServiceDown api',
    ]);
  });
});
