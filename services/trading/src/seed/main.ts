import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '../config.ts';
import { run } from '../lifecycle.ts';
import { loadHistory } from './load.ts';
import { createRandom } from './random.ts';

/**
 * `npm run seed -w @crows-nest/trading -- --customers 100000 --trades 1000000`: fills the database at DATABASE_URL with a made-up past, to see
 * how the exchange behaves when it has one. The same seed gives the same past.
 */
const atLeastOne = z.coerce.number().int().min(1).max(10_000_000);
const optionsSchema = z.object({
  customers: atLeastOne.default(1000),
  trades: z.coerce.number().int().min(0).max(100_000_000).default(10_000),
  seed: z.coerce.number().int().default(1),
});

await run(async () => {
  const { values } = parseArgs({
    options: {
      customers: { type: 'string' },
      trades: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const { customers, trades, seed } = optionsSchema.parse(values);
  const started = performance.now();
  await loadHistory(loadConfig().databaseUrl, { customers, trades, random: createRandom(seed) });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`Loaded ${customers} customers and ${trades} trades in ${seconds} s.`);
});
