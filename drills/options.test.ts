import { describe, expect, test } from 'vitest';

import type { Drill } from './drill.ts';
import { readOptions } from './options.ts';

const [redis, api] = ['redis-down', 'api-down'].map((name) => ({ name }) as Drill);
const drills = [redis, api] as Drill[];
const read = (environment: NodeJS.ProcessEnv) => readOptions(environment, drills);

describe('what is asked for', () => {
  test('is nothing by default: the list', () => {
    expect(read({})).toEqual({ wanted: [], fast: false });
    expect(read({ NAME: '' }).wanted).toEqual([]);
  });

  test('is one drill, several, or all', () => {
    expect(read({ NAME: 'api-down' }).wanted).toEqual([api]);
    expect(read({ NAME: 'api-down, redis-down' }).wanted).toEqual([api, redis]);
    expect(read({ NAME: 'all' }).wanted).toEqual(drills);
  });

  test('is real or fast', () => {
    expect(read({ DRILL_SPEED: 'fast' }).fast).toBe(true);
    expect(read({ DRILL_SPEED: 'real' }).fast).toBe(false);
  });

  test('is refused, in words, where there is no such thing', () => {
    expect(() => read({ NAME: 'redis-up' })).toThrow(
      'there is no drill redis-up; `make drill` lists',
    );
    expect(() => read({ DRILL_SPEED: 'slow' })).toThrow('expected DRILL_SPEED=real or fast');
  });
});
