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

  it('is as old as it says: Alertmanager goes on for minutes with what Prometheus told it last', () => {
    const evaluated = new Date(now());
    at(60);
    heartbeat.beat(evaluated);
    expect(heartbeat.status().lastAt).toBe('2026-01-01T00:00:00.000Z');
    at(180);
    heartbeat.beat(evaluated);
    at(181);
    expect(alarms()).toEqual(['firing']);
    // Neither the same again nor another that is too old already is life.
    heartbeat.beat(evaluated);
    seconds = 400;
    heartbeat.beat(new Date(Date.UTC(2026, 0, 1) + 200_000));
    expect(alarms()).toEqual(['firing']);
    expect(heartbeat.status().state).toBe('missed');
    heartbeat.beat(new Date(Date.UTC(2026, 0, 1) + 390_000));
    expect(alarms()).toEqual(['resolved', 'firing']);
  });

  it('of a clock that is ahead lasts no longer', () => {
    heartbeat.beat(new Date(Date.UTC(2027, 0, 1)));
    expect(heartbeat.status().lastAt).toBe('2026-01-01T00:00:00.000Z');
    at(181);
    expect(alarms()).toEqual(['firing']);
  });

  // Prometheus tells Alertmanager again after more than a minute, at its next evaluation: 70 s. Alertmanager sends on each minute.
  it('raises the alarm within four minutes of the stop of either, and not before, whatever the moment', () => {
    const limitSeconds = 210;
    for (const stopped of ['Prometheus', 'Alertmanager']) {
      for (let stop = 600; stop < 600 + 7 * 60; stop += 5) {
        seconds = 0;
        inbox = new Inbox({ limit: 10, now });
        heartbeat = new Heartbeat({ inbox, now, limitSeconds, firstLimitSeconds: 300 });
        let told = new Date(now());
        let raised: number | undefined;
        for (let second = 0; second < stop + 300; second++) {
          seconds = second;
          if (second % 70 === 0 && !(stopped === 'Prometheus' && second >= stop)) told = now();
          const repeats = stopped === 'Prometheus' ? second < stop + 240 : second < stop;
          if (second % 60 === 0 && repeats) heartbeat.beat(told);
          if (second % 5 === 0) heartbeat.check();
          if (alarms().length > 0) raised ??= second;
        }
        expect(raised, `${stopped} stopped at ${stop}`).toBeGreaterThan(stop);
        expect(raised, `${stopped} stopped at ${stop}`).toBeLessThanOrEqual(stop + 240);
        expect(alarms()).toEqual(['firing']);
      }
    }
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
