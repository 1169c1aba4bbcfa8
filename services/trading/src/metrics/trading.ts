import { Counter, Gauge, Histogram } from 'prom-client';
import { ledgerEntries } from './ledger.ts';
import type { Registry } from './registry.ts';

/** What is counted of orders where they are taken. */
export function createOrderMetrics(registry: Registry) {
  const registers = [registry];
  return {
    tradeDuration: new Histogram({
      name: 'trade_duration_seconds',
      help: 'Time from the order to its execution or refusal',
      labelNames: ['outcome'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    ordersCreated: new Counter({
      name: 'orders_created_total',
      help: 'Orders taken on',
      labelNames: ['kind', 'side'] as const,
      registers,
    }),
    ordersRejected: new Counter({
      name: 'orders_rejected_total',
      help: 'Orders refused, and why',
      labelNames: ['kind', 'side', 'reason'] as const,
      registers,
    }),
    ordersCancelled: ordersCancelled(registry),
  };
}

/** What is counted of a trade (money in cents), where it is made: market orders by the API, limit orders by the market. */
export function createTradeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    ordersExecuted: new Counter({
      name: 'orders_executed_total',
      help: 'Orders filled to the last share',
      labelNames: ['kind', 'side'] as const,
      registers,
    }),
    trades: new Counter({
      name: 'trades_total',
      help: 'Trades executed',
      labelNames: ['character', 'action', 'kind'] as const,
      registers,
    }),
    tradingVolume: new Counter({
      name: 'trading_volume_total',
      help: 'Money that changed hands in trades, without commission, in cents',
      labelNames: ['character', 'action'] as const,
      registers,
    }),
    revenue: revenue(registry),
    realisedProfit: new Counter({
      name: 'customer_realised_profit_total',
      help: 'What customers gained by sales, over the average cost, commissions included, in cents',
      registers,
    }),
    realisedLoss: new Counter({
      name: 'customer_realised_loss_total',
      help: 'What customers lost by sales, under the average cost, commissions included, in cents',
      registers,
    }),
    firstTrades: new Counter({
      name: 'first_trades_total',
      help: 'Customers who made their first trade (over user_signups_total: conversion)',
      registers,
    }),
    ledgerEntries: ledgerEntries(registry),
  };
}

/** What is open and what is held: looked up in the background. */
export function createTradingGauges(registry: Registry) {
  const registers = [registry];
  return {
    ordersOpen: new Gauge({
      name: 'orders_open',
      help: 'Limit orders that wait for their price',
      registers,
    }),
    holdingsValue: new Gauge({
      name: 'customer_holdings_value',
      help: 'All shares customers hold, at the bid, in cents',
      registers,
    }),
  };
}

/** Trades earn commission and spread, the worker the subscriptions. */
export function revenue(registry: Registry) {
  return new Counter({
    name: 'revenue_total',
    help: 'What the house earned, in cents',
    labelNames: ['source'] as const,
    registers: [registry],
  });
}

/** Customers cancel by the API; the worker closes orders whose time is over. */
export function ordersCancelled(registry: Registry) {
  return new Counter({
    name: 'orders_cancelled_total',
    help: 'Orders closed before they were filled: by the customer, or because their time was over',
    labelNames: ['kind', 'side'] as const,
    registers: [registry],
  });
}

export type TradeMetrics = ReturnType<typeof createTradeMetrics>;
