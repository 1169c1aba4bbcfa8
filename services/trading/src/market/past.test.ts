import { expect, test } from 'vitest';
import { cents } from '../money.ts';
import { makePast } from './past.ts';

const character = { id: 'pip', name: 'Pip', startPrice: cents(4200), volatility: 0.12 };
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 21, 15, 37, 12);

const past = makePast([character], 'seed', NOW);
const of = (interval: string) => past.filter((candle) => candle.interval === interval);

test('the same seed and time make the same past, another seed another', () => {
  expect(makePast([character], 'seed', NOW)).toEqual(past);
  expect(makePast([character], 'other', NOW)).not.toEqual(past);
});

test('it leads up to the start price, without a gap or a leap', () => {
  for (const [interval, length, count] of [
    ['1m', HOUR / 60, 6 * 60],
    ['1h', HOUR, 7 * 24 + 1],
    ['1d', 24 * HOUR, 8],
  ] as const) {
    const candles = of(interval);
    expect(candles).toHaveLength(count);
    expect(candles.at(-1)?.close).toBe(4200);
    for (const [n, candle] of candles.entries()) {
      expect(candle.startsAt).toBe(
        Math.floor(NOW / length) * length -
          (count - 1 - n) * length -
          (interval === '1m' ? length : 0),
      );
      if (n > 0) expect(candle.open).toBe(candles[n - 1]?.close);
    }
  }
});

test('its days are made of its hours, and its hours of its minutes', () => {
  const [newest] = of('1h').slice(-1);
  const minutes = of('1m').filter(({ startsAt }) => startsAt >= (newest?.startsAt ?? NaN));
  expect(minutes).toHaveLength(37);
  expect(newest?.high).toBe(Math.max(...minutes.map(({ high }) => high)));
  expect(newest?.low).toBe(Math.min(...minutes.map(({ low }) => low)));

  const [today] = of('1d').slice(-1);
  const hours = of('1h').filter(({ startsAt }) => startsAt >= (today?.startsAt ?? NaN));
  expect(hours).toHaveLength(16);
  expect(today?.high).toBe(Math.max(...hours.map(({ high }) => high)));
  expect(today?.open).toBe(hours[0]?.open);
});

test('it varies as the walk does: about its volatility from hour to hour, around the start price', () => {
  const moves = of('1h').map(({ open, close }) => Math.log(close / open));
  const deviation = Math.sqrt(moves.reduce((sum, move) => sum + move ** 2, 0) / moves.length);
  // An hour of the walk deviates by σ·√(1 − e^−1), that is 0.8 σ (κ is 1 an hour); 169 hours tell it to a few parts in ten.
  expect(deviation / 0.12).toBeGreaterThan(0.6);
  expect(deviation / 0.12).toBeLessThan(1);
});
