import { expect, test } from 'vitest';
import { changesSince } from './changes.ts';

const log = [
  'ccc 2026-03-03T10:00:00+01:00',
  'bbb 2026-03-02T10:00:00+01:00',
  'aaa 2026-03-01T10:00:00+01:00',
  '',
].join('\n');

test.each([
  ['of all commits since the last revision', 'aaa', '2026-03-02T10:00:00+01:00'],
  ['of one commit', 'bbb', '2026-03-03T10:00:00+01:00'],
  ['of the first deployment there is', undefined, '2026-03-03T10:00:00+01:00'],
  [
    'of a step back, where the log does not know the last revision',
    'ddd',
    '2026-03-03T10:00:00+01:00',
  ],
])('the changes %s', (_what, last, committedAt) => {
  expect(changesSince(log, last)).toEqual({ revision: 'ccc', committedAt });
});

test('there is nothing to tell of what is deployed already, or without a log', () => {
  expect(changesSince(log, 'ccc')).toBeUndefined();
  expect(changesSince('', 'aaa')).toBeUndefined();
});
