import { Counter } from 'prom-client';
import type { Router } from 'express';

import type { Telemetry } from '@crows-nest/telemetry';

import type { Faults } from './faults.ts';
import { Processor, usualTiming, type Timing } from './processor.ts';
import { gatewayRoutes } from './routes.ts';
import { createWebhooks } from './webhooks.ts';

/** The account of the one merchant there is. */
export interface Merchant {
  /** What it authenticates with. */
  key: string;
  webhookUrl: string;
  webhookSecret: string;
}

export interface Gateway {
  /** To be mounted at `/gateway/v1`. */
  router: Router;
  /** Drops what is under way: a gateway of flesh and blood would go on later, and so the merchant must ask. */
  close: () => Promise<void>;
}

export interface GatewayOptions {
  timing?: Timing;
  /** None: it cannot be broken on purpose. */
  faults?: Pick<Faults, 'on'> | undefined;
}

/** A card gateway, all of it in memory. */
export function createGateway(
  { key, webhookUrl, webhookSecret }: Merchant,
  { registry }: Pick<Telemetry, 'registry'>,
  { timing = usualTiming, faults }: GatewayOptions = {},
): Gateway {
  const transactions = new Counter({
    name: 'outside_card_transactions_total',
    help: 'What came of charges and payouts at the card gateway',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  });
  const events = new Counter({
    name: 'outside_webhooks_total',
    help: "The card gateway's webhooks: attempts delivered and failed, events abandoned, and lost on purpose",
    labelNames: ['outcome'],
    registers: [registry],
  });
  const countWebhook = (outcome: string): void => {
    events.inc({ outcome });
  };
  const webhooks = createWebhooks({
    url: webhookUrl,
    secret: webhookSecret,
    retryMs: timing.retryMs,
    count: countWebhook,
  });
  const processor = new Processor({
    timing,
    webhooks,
    faults,
    countWebhook,
    countTransaction: (kind, outcome) => {
      transactions.inc({ kind, outcome });
    },
  });
  return { router: gatewayRoutes(processor, key), close: () => processor.close() };
}
