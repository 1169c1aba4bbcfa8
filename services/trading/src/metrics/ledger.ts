import { Counter, Gauge } from 'prom-client';
import type { Registry } from './registry.ts';

/** Every role that moves money posts entries. */
export function ledgerEntries(registry: Registry) {
  return new Counter({
    name: 'ledger_entries_total',
    help: 'Ledger entries posted',
    registers: [registry],
  });
}

/** Whether the books are right: looked up in the background. */
export function createLedgerGauges(registry: Registry) {
  return {
    ledgerImbalance: new Gauge({
      name: 'ledger_imbalance',
      help: 'What is wrong in the books, by asset: sum of entries off zero, and balances off their entries; must be 0',
      labelNames: ['asset'] as const,
      registers: [registry],
    }),
  };
}
