import type { TradeMetrics } from '../metrics/trading.ts';
import type { Cents } from '../money.ts';

/** A trade that was made, with what its metrics need. */
export interface CountedTrade {
  kind: 'market' | 'limit';
  characterId: string;
  action: 'buy' | 'sell';
  quantity: number;
  amount: Cents;
  commission: Cents;
  /** Of a sale; negative is a loss. */
  realisedProfit: Cents;
  /** Whether it was the customer's first. */
  firstTrade: boolean;
  entryCount: number;
  /** The quote's price between bid and ask: what the customer paid more, or got less, is the house's. */
  last: Cents;
}

/** Counts a trade, wherever it was made. */
export function countTrade(metrics: TradeMetrics, trade: CountedTrade): void {
  const { kind, characterId: character, action, quantity, amount, commission, last } = trade;
  metrics.trades.inc({ character, action, kind });
  metrics.tradingVolume.inc({ character, action }, amount);
  metrics.revenue.inc({ source: 'commission' }, commission);
  metrics.revenue.inc({ source: 'spread' }, Math.abs(amount - last * quantity));
  if (trade.realisedProfit > 0) metrics.realisedProfit.inc(trade.realisedProfit);
  else metrics.realisedLoss.inc(Math.abs(trade.realisedProfit));
  if (trade.firstTrade) metrics.firstTrades.inc();
  metrics.ledgerEntries.inc(trade.entryCount);
}
