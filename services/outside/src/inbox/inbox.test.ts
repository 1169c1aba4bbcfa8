import { describe, expect, it } from 'vitest';

import { Inbox } from './inbox.ts';
import type { NewMessage } from './message.ts';

const message = (title: string, more: Partial<NewMessage> = {}): NewMessage => ({
  channel: 'mail',
  to: 'x',
  title,
  text: '',
  links: [],
  ...more,
});
const titles = (inbox: Inbox, limit = 100): string[] =>
  inbox.list({}, limit).map(({ title }) => title);

describe('the inbox', () => {
  it('lists newest first, also within one millisecond', () => {
    let at = 1000;
    const inbox = new Inbox({ limit: 10, now: () => new Date(at) });
    inbox.add(message('a'));
    inbox.add(message('b'));
    at = 2000;
    inbox.add(message('c', { status: 'firing' }));
    at = 3000;
    inbox.add(message('d'));
    expect(titles(inbox)).toEqual(['d', 'c', 'b', 'a']);
    expect(titles(inbox, 2)).toEqual(['d', 'c']);
  });

  it('forgets the oldest beyond its limit, and never an alert for the sake of other mail', () => {
    const inbox = new Inbox({ limit: 4, now: () => new Date() });
    inbox.add(message('alert', { status: 'firing' }));
    for (const title of ['1', '2', '3', '4', '5']) inbox.add(message(title));
    expect(titles(inbox).sort()).toEqual(['4', '5', 'alert']);
    for (const title of ['A', 'B']) inbox.add(message(title, { status: 'firing' }));
    expect(titles(inbox).sort()).toEqual(['4', '5', 'A', 'B']);
  });

  it('filters by channel, severity, status, and alerts alone', () => {
    const inbox = new Inbox({ limit: 10, now: () => new Date() });
    inbox.add(message('mail'));
    inbox.add(message('page', { channel: 'pagerduty', severity: 'critical', status: 'firing' }));
    inbox.add(message('slack', { channel: 'slack', severity: 'warning', status: 'resolved' }));
    const found = (filter: Parameters<Inbox['list']>[0]) =>
      inbox.list(filter, 9).map(({ title }) => title);
    expect(found({ channel: 'pagerduty' })).toEqual(['page']);
    expect(found({ severity: 'warning' })).toEqual(['slack']);
    expect(found({ status: 'firing' })).toEqual(['page']);
    expect(found({ alerts: true })).toEqual(['slack', 'page']);
    expect(found({ channel: 'slack', severity: 'critical' })).toEqual([]);
  });

  it('tells its listeners until they have enough', () => {
    const inbox = new Inbox({ limit: 10, now: () => new Date() });
    const heard: string[] = [];
    const stop = inbox.subscribe(({ title }) => heard.push(title));
    inbox.add(message('a'));
    stop();
    inbox.add(message('b'));
    expect(heard).toEqual(['a']);
  });
});
