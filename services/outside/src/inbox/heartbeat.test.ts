import { beforeEach, describe, expect, it } from 'vitest';

import { Heartbeat } from './heartbeat.ts';
import { Inbox } from './inbox.ts';

let seconds: number;
let inbox: Inbox;
let heartbeat: Heartbeat;
const now = (): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const alarms = () => inbox.list({ channel: 'heartbeat' }, 10).map(({ status }) => status);
function at(second: number): void {
  seconds = second;
  heartbeat.check();
}

beforeEach(() => {
  seconds = 0;
  inbox = new Inbox({ limit: 10, now });
  heartbeat = new Heartbeat({ inbox, now, limitSeconds: 180, firstLimitSeconds: 300 });
});

describe('the heartbeat', () => {
  it('is waited for five minutes after start, then the alarm is raised, once', () => {
    at(300);
    expect(heartbeat.status()).toEqual({ state: 'waiting', lastAt: null });
    expect(alarms()).toEqual([]);
    at(301);
    at(302);
    expect(heartbeat.status().state).toBe('missed');
    expect(alarms()).toEqual(['firing']);
  });

  it('raises the alarm after three minutes of silence once it has been heard', () => {
    at(60);
    heartbeat.beat();
    at(240);
    expect(heartbeat.status()).toEqual({ state: 'beating', lastAt: '2026-01-01T00:01:00.000Z' });
    expect(alarms()).toEqual([]);
    at(241);
    expect(inbox.list({}, 10)).toMatchObject([
      { channel: 'heartbeat', severity: 'critical', status: 'firing' },
    ]);
  });

  it('never raises it while it comes in time', () => {
    for (let second = 0; second < 3600; second += 60) {
      at(second);
      heartbeat.beat();
    }
    expect(alarms()).toEqual([]);
  });

  it('resolves the alarm when it comes back, once, and raises it again when it stops again', () => {
    heartbeat.beat();
    at(181);
    seconds = 600;
    heartbeat.beat();
    heartbeat.beat();
    expect(alarms()).toEqual(['resolved', 'firing']);
    expect(inbox.list({}, 1)[0]?.text).toContain('after 10 min of silence');
    expect(heartbeat.status().state).toBe('beating');
    at(781);
    expect(alarms()).toEqual(['firing', 'resolved', 'firing']);
  });
});
