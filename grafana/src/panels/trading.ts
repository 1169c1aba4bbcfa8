import { sideColours } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { barGauge } from './bar-gauge.ts';
import { graph } from './graph.ts';
import { redAbove, redFrom, type Panel } from './panel.ts';
import { stat } from './stat.ts';

/** Money is counted in cents; people read berries. */
export const BERRIES = 'currency:฿';

export function tradesPerMinute(width: number): Panel {
  return stat({
    title: 'Trades a minute',
    description:
      'Trades per minute over the last 5 minutes. Bad: 0 while the market is open: customers cannot, or do not, trade.',
    unit: 'opm',
    decimals: 1,
    width,
    expr: 'sum(rate(trades_total[5m])) * 60',
  });
}

export function activeUsers(width: number): Panel {
  return stat({
    title: 'Active users',
    description:
      'Customers seen in the last 5 minutes. Bad: far fewer than at the same hour yesterday: they cannot reach us.',
    unit: 'short',
    width,
    // Every worker looks up the same number.
    expr: 'max(active_users)',
  });
}

export function quoteAge(width: number): Panel {
  return stat({
    title: 'Quote age',
    description:
      'Age of the newest prices that the API would trade on, of its worst instance. Bad: red, which is where QuotesStale fires: trades are refused. The price engine or Redis has stopped.',
    unit: 's',
    width,
    thresholds: redFrom(thresholdOf('QuotesStale')),
    expr: 'max(market_quote_age_seconds)',
  });
}

export function ledgerImbalance(width: number): Panel {
  return stat({
    title: 'Ledger imbalance',
    description:
      'By how much the books do not balance, all assets together. Bad: red, which is anything but 0, and where LedgerImbalance fires: money has appeared or vanished. Stop trading and find out.',
    unit: 'short',
    width,
    thresholds: redAbove(thresholdOf('LedgerImbalance')),
    expr: 'max(sum by (instance) (abs(ledger_imbalance)))',
  });
}

export function signUps(width: number): Panel {
  return stat({
    title: 'Sign-ups',
    description:
      'Customers who registered in the last hour. Bad: 0 on a working day, or many times the usual: bots.',
    unit: 'short',
    decimals: 0,
    width,
    expr: 'sum(increase(user_signups_total[1h]))',
  });
}

export function volume(width: number): Panel {
  return graph({
    title: 'Trading volume',
    description:
      'Berries that changed hands per minute, bought and sold. Bad: a sudden fall, or one side gone: that side is refused.',
    unit: BERRIES,
    width,
    stacked: true,
    colours: sideColours,
    queries: [
      {
        expr: 'sum by (action) (rate(trading_volume_total[$__rate_interval])) * 60 / 100',
        legend: '{{action}}',
      },
    ],
  });
}

export function trades(width: number): Panel {
  return graph({
    title: 'Trades',
    description: 'Trades per minute by side. Bad: zero while customers are active.',
    unit: 'opm',
    width,
    stacked: true,
    colours: sideColours,
    queries: [
      {
        expr: 'sum by (action) (rate(trades_total[$__rate_interval])) * 60',
        legend: '{{action}}',
      },
    ],
  });
}

export function customers(width: number): Panel {
  return graph({
    title: 'Customers',
    description:
      'Active customers, and how many signed up and made their first trade in the last hour. Bad: sign-ups without first trades (the way to a trade is broken), or many times the usual (bots).',
    unit: 'short',
    width,
    queries: [
      { expr: 'max(active_users)', legend: 'active now' },
      { expr: 'sum(increase(user_signups_total[1h]))', legend: 'sign-ups in 1 h' },
      { expr: 'sum(increase(first_trades_total[1h]))', legend: 'first trades in 1 h' },
    ],
  });
}

export function topCharacters(width: number): Panel {
  return barGauge({
    title: 'Most traded',
    description:
      'The eight characters with the highest trading volume in the last hour. Bad: one with nearly everything: a price that is wrong, or one customer.',
    unit: BERRIES,
    width,
    expr: 'topk(8, sum by (character) (increase(trading_volume_total[1h]))) / 100',
    legend: '{{character}}',
  });
}
