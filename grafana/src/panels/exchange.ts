import { sideColours } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { fromLabel, several } from '../variables.ts';
import { graph } from './graph.ts';
import { redAbove, redBelow, type Panel } from './panel.ts';
import { percentileGraph } from './percentiles.ts';
import { ratioStat } from './ratio.ts';
import { sqlTable } from './sql.ts';
import { stat } from './stat.ts';
import { BERRIES } from './trading.ts';

/** The exchange from the inside: what is traded, what becomes of orders, prices, and who earns by it. */

export const character = several(fromLabel('character', 'Character', 'market_price'));

const CHOSEN = 'character=~"$character"';

export function volumeAnHour(width: number): Panel {
  return stat({
    title: 'Volume an hour',
    description:
      'Berries that change hands in the chosen characters, at the pace of the last 5 minutes. Bad: a fraction of an hour ago while as many customers are active.',
    unit: BERRIES,
    width,
    expr: `sum(rate(trading_volume_total{${CHOSEN}}[5m])) * 3600 / 100`,
  });
}

export function refusedShare(width: number): Panel {
  const refused = 'sum(rate(orders_rejected_total[5m]))';
  return ratioStat({
    title: 'Refused',
    description:
      'Share of the orders of the last 5 minutes that were refused. Bad: more than a few in a hundred; the reasons are below.',
    width,
    part: refused,
    whole: `(sum(rate(orders_created_total[5m])) + (${refused} or vector(0)))`,
  });
}

export function openOrders(width: number): Panel {
  return stat({
    title: 'Open orders',
    description:
      'Limit orders that wait for their price. Bad: only ever rising: none is filled, and none expires.',
    unit: 'short',
    width,
    // Every worker looks up the same number.
    expr: 'max(orders_open)',
  });
}

export function haltedCharacters(width: number): Panel {
  return stat({
    title: 'Halted in 2 min',
    description:
      'Characters whose trading was halted in the last 2 minutes, because their price moved by over a fifth within one. Bad: red, several at once: something moves the whole market (TradingHalted).',
    unit: 'short',
    width,
    thresholds: redAbove(thresholdOf('TradingHalted')),
    expr: 'count(sum by (character) (increase(market_halts_total[2m])) > 0) or vector(0)',
  });
}

export function leaders(width: number): Panel {
  return stat({
    title: 'Market leaders',
    description:
      'Processes of the market that quote; one leads, the others stand by. Bad: red: none does (MarketWithoutLeader), and there are no new prices; or 2, who quote against each other.',
    unit: 'short',
    width,
    thresholds: redBelow(1),
    expr: 'sum(market_leader)',
  });
}

export function volumeByCharacter(width: number): Panel {
  return graph({
    title: 'Volume by character',
    description:
      'Berries that changed hands per minute. Bad: one character with nearly everything: a price that is wrong, or one customer.',
    unit: BERRIES,
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (character) (rate(trading_volume_total{${CHOSEN}}[$__rate_interval])) * 60 / 100`,
        legend: '{{character}}',
      },
    ],
  });
}

export function volumeBySide(width: number): Panel {
  return graph({
    title: 'Volume by side',
    description:
      'Berries bought and sold per minute, in the chosen characters. Bad: one side gone: it is refused.',
    unit: BERRIES,
    width,
    stacked: true,
    colours: sideColours,
    queries: [
      {
        expr: `sum by (action) (rate(trading_volume_total{${CHOSEN}}[$__rate_interval])) * 60 / 100`,
        legend: '{{action}}',
      },
    ],
  });
}

export function tradesByKind(width: number): Panel {
  return graph({
    title: 'Trades by kind of order',
    description:
      'Trades per minute: at the market’s price at once, or at a limit once it is reached. Bad: no `limit` while prices move: the matching stands still.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (kind) (rate(trades_total{${CHOSEN}}[$__rate_interval])) * 60`,
        legend: '{{kind}}',
      },
    ],
  });
}

export function ordersByFate(width: number): Panel {
  const perMinute = (metric: string) =>
    `(sum(rate(${metric}[$__rate_interval])) * 60) or vector(0)`;
  return graph({
    title: 'Orders',
    description:
      'Orders per minute that were taken on, filled, cancelled (also by the end of their time) and refused, of all characters. Bad: taken on but not filled, or refused as many as taken on.',
    unit: 'opm',
    width,
    queries: [
      { expr: perMinute('orders_created_total'), legend: 'taken on' },
      { expr: perMinute('orders_executed_total'), legend: 'filled' },
      { expr: perMinute('orders_cancelled_total'), legend: 'cancelled' },
      { expr: perMinute('orders_rejected_total'), legend: 'refused' },
    ],
  });
}

export function refusals(width: number): Panel {
  return graph({
    title: 'Refused orders by reason',
    description:
      'Per minute. Bad: `no_price` at all, for the market does not quote; or one reason that jumps.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (reason) (rate(orders_rejected_total[$__rate_interval])) * 60',
        legend: '{{reason}}',
      },
    ],
  });
}

export function tradeDuration(width: number): Panel {
  return percentileGraph({
    title: 'From order to execution',
    description:
      'Of market orders, refused ones included. Each diamond is one: click it for its trace. Bad: p95 over 100 ms; look at the database next.',
    unit: 's',
    width,
    metric: 'trade_duration_seconds',
  });
}

export function openOrdersGraph(width: number): Panel {
  return graph({
    title: 'Limit orders waiting',
    description:
      'Bad: a line that only rises (nothing is filled or expires), or one that falls at once without trades.',
    unit: 'short',
    width,
    queries: [{ expr: 'max(orders_open)', legend: 'open' }],
  });
}

export function prices(width: number): Panel {
  return graph({
    title: 'Prices',
    description:
      'The last price of each character. Bad: a line that stands still for minutes without a halt, or a step that no trade explains.',
    unit: BERRIES,
    width,
    height: 11,
    legendTable: true,
    queries: [
      { expr: `max by (character) (market_price{${CHOSEN}}) / 100`, legend: '{{character}}' },
    ],
  });
}

export function board(width: number): Panel {
  return sqlTable({
    title: 'The board',
    description:
      'What each character could be bought and sold at a moment ago, the widest spread first. Bad: a spread many times the others’, or more than one that is halted.',
    width,
    height: 11,
    units: { Bid: BERRIES, Ask: BERRIES, Spread: 'percentunit', 'Since opening': 'percentunit' },
    sql: `SELECT character AS "Character", bid / 100.0 AS "Bid", ask / 100.0 AS "Ask", (ask - bid)::float / ask AS "Spread",
  last::float / open - 1 AS "Since opening", CASE WHEN halted THEN 'halted' ELSE 'open' END AS "Trading"
FROM reporting.board ORDER BY "Spread" DESC`,
  });
}

export function halts(width: number): Panel {
  return graph({
    title: 'Halts',
    description:
      'How often trading in a character was halted, in 5 minutes. Bad: several characters at once.',
    unit: 'short',
    decimals: 0,
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (character) (increase(market_halts_total{${CHOSEN}}[5m])) > 0`,
        legend: '{{character}}',
      },
    ],
    whenEmpty: 'No halt',
    emptyWhenHealthy:
      'prices hardly ever move by a fifth within a minute; an order for millions fills it',
  });
}

export function rounds(width: number): Panel {
  return graph({
    title: 'Rounds of quotes',
    description:
      'All characters are quoted anew so many times a second. Bad: other than 4: 0 is a market without a leader, 8 one with two.',
    unit: 'ops',
    width,
    queries: [{ expr: 'sum(rate(market_ticks_total[$__rate_interval]))', legend: 'rounds' }],
  });
}

export function quoteAges(width: number): Panel {
  return graph({
    title: 'Age of quotes',
    description:
      'Of the newest that each process of the API knows. Bad: a line at the dashed one, where QuotesStale fires: that process refuses every order.',
    unit: 's',
    width,
    limit: thresholdOf('QuotesStale'),
    queries: [{ expr: 'max by (instance) (market_quote_age_seconds)', legend: '{{instance}}' }],
  });
}

export function earnings(width: number): Panel {
  return graph({
    title: 'What the house earns by trades',
    description:
      'Berries an hour, by commission and by the spread. Bad: flat while there are trades, or half of what it was (RevenueDrop).',
    unit: BERRIES,
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (source) (rate(revenue_total{source!="subscription"}[$__rate_interval])) * 3600 / 100',
        legend: '{{source}}',
      },
    ],
  });
}

export function gainsAndLosses(width: number): Panel {
  return graph({
    title: 'What customers gain and lose',
    description:
      'Berries an hour, realised by sales, against what the shares had cost. Bad: gains far above losses for long (the house is being beaten), or losses far above gains (customers will leave).',
    unit: BERRIES,
    width,
    colours: { gained: 'green', lost: 'red' },
    queries: [
      {
        expr: 'sum(rate(customer_realised_profit_total[$__rate_interval])) * 3600 / 100',
        legend: 'gained',
      },
      {
        expr: 'sum(rate(customer_realised_loss_total[$__rate_interval])) * 3600 / 100',
        legend: 'lost',
      },
    ],
  });
}

export function holdings(width: number): Panel {
  return graph({
    title: 'What customers hold',
    description:
      'The value of all shares in customers’ portfolios, at the bid. Bad: a jump without trades (a price is wrong), or 0 (no quotes are known).',
    unit: BERRIES,
    width,
    queries: [{ expr: 'max(customer_holdings_value) / 100', legend: 'value' }],
  });
}
