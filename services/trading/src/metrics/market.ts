import { Counter, Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** What the price engine tells. */
export function createPriceMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ticks: new Counter({
      name: 'market_ticks_total',
      help: 'Rounds of quotes published',
      registers,
    }),
    leader: new Gauge({
      name: 'market_leader',
      help: '1 while this process quotes, 0 while it stands by',
      registers,
    }),
    price: new Gauge({
      name: 'market_price',
      help: 'Last price of a character, in cents',
      labelNames: ['character'] as const,
      registers,
    }),
    halts: new Counter({
      name: 'market_halts_total',
      help: 'Times that trading in a character was halted, because its price moved too far in a minute',
      labelNames: ['character'] as const,
      registers,
    }),
  };
}

/** Age of the quotes in use, asked at scrape time from memory. */
export function registerQuoteAge(registry: Registry, ageSeconds: () => number | undefined): void {
  new Gauge({
    name: 'market_quote_age_seconds',
    help: 'Age of the newest quotes known; over 3 they are not traded on',
    registers: [registry],
    collect() {
      this.reset();
      const age = ageSeconds();
      if (age !== undefined) this.set(age);
      else this.remove();
    },
  });
}
