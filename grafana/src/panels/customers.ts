import { GOOD, WARNING } from '../colours.ts';
import { thresholdOf } from '../rules.ts';
import { graph } from './graph.ts';
import { redBelow, type Panel } from './panel.ts';
import { ratioGraph, ratioStat } from './ratio.ts';
import { sqlBars, sqlGauge, sqlStat } from './sql.ts';
import { stat } from './stat.ts';

/** Customers: whether they come, trade, stay, and are content. Of now by metrics, of 30 days from the books. */

const FIRST_TRADES = 'sum(increase(first_trades_total[1h]))';
const SIGN_UPS = 'sum(increase(user_signups_total[1h]))';
const RATINGS = 'sum(increase(customer_rating_count[1h]))';
const NO_SIGN_UPS =
  'there is no share of nobody: the default traffic signs up six customers a day; a load test fills it';

/** A login or a registration. */
const VISITS = 'auth_attempts_total{type=~"login|register", success="true"}';

export function allCustomers(width: number): Panel {
  return sqlStat({
    title: 'Customers',
    description:
      'All there are, those left out who had themselves erased. Bad: falling: they leave.',
    unit: 'short',
    width,
    sql: 'SELECT customers FROM reporting.customers',
  });
}

export function visits(width: number): Panel {
  return stat({
    title: 'Visits in 1 h',
    description:
      'Logins and registrations that succeeded in the last hour. Bad: far fewer than at the same hour yesterday: customers cannot come in.',
    unit: 'short',
    decimals: 0,
    width,
    expr: `sum(increase(${VISITS}[1h]))`,
  });
}

export function conversion(width: number): Panel {
  return ratioStat({
    title: 'Conversion',
    description:
      'First trades over sign-ups of the last hour. Bad: red, which is where LowConversionRate fires, if there were enough of them: new customers do not find their way to a trade.',
    decimals: 0,
    width,
    part: FIRST_TRADES,
    whole: SIGN_UPS,
    thresholds: redBelow(thresholdOf('LowConversionRate')),
    whenEmpty: 'no sign-up in 1 h',
    emptyWhenHealthy: NO_SIGN_UPS,
  });
}

export function satisfaction(width: number): Panel {
  return stat({
    title: 'Satisfaction',
    description:
      'The mean of what customers gave in the last hour, from 1 to 5. Bad: red, which is where CustomerSatisfactionLow fires.',
    unit: 'short',
    decimals: 1,
    width,
    thresholds: redBelow(thresholdOf('CustomerSatisfactionLow')),
    expr: `sum(increase(customer_rating_sum[1h])) / (${RATINGS} > 0)`,
    whenEmpty: 'no rating in 1 h',
    emptyWhenHealthy:
      'there is no mean of nothing: the default traffic rates every fifth visit, `make smoke` at once',
  });
}

export function stickiness(width: number): Panel {
  return sqlStat({
    title: 'Seen today, of a month',
    description:
      'Customers of the last 24 hours as a share of those of the last 30 days. Bad: falling: customers try it and do not come back.',
    unit: 'percentunit',
    decimals: 0,
    width,
    sql: 'SELECT seen_1d::float / nullif(seen_30d, 0) FROM reporting.customers',
  });
}

export function funnel(width: number): Panel {
  return sqlGauge({
    title: 'How far new customers get, in 30 days',
    description:
      'Of those who signed up in the last 30 days, how many have traded, paid in, subscribed to real-time quotes, and come back on another day. Bad: a step at which nearly all are lost.',
    unit: 'short',
    width,
    sql: `SELECT coalesce(sum(signed_up), 0) AS "Signed up", coalesce(sum(traded), 0) AS "Traded", coalesce(sum(paid_in), 0) AS "Paid in",
  coalesce(sum(subscribed), 0) AS "Subscribed", coalesce(sum(returned), 0) AS "Came back"
FROM reporting.cohorts`,
  });
}

export function signUpsByDay(width: number): Panel {
  return sqlBars({
    title: 'Sign-ups by day, 30 days',
    description:
      'Who signed up on a day, and how many of them have traded since. Bad: days with many who never trade: robots, or a way to trade that is broken.',
    unit: 'short',
    width,
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", coalesce(signed_up, 0) AS "Signed up", coalesce(traded, 0) AS "Traded since"
FROM reporting.days LEFT JOIN reporting.cohorts USING (day) ORDER BY day`,
  });
}

export function timeToFirstTrade(width: number): Panel {
  return sqlBars({
    title: 'From sign-up to first trade, 30 days',
    description:
      'Customers who signed up in the last 30 days, by how soon they traded. Bad: most of them late or not yet: something is hard to find, or to understand.',
    unit: 'short',
    width,
    sql: `SELECT within AS "Within", coalesce(customers, 0) AS "Customers"
FROM (VALUES (1, '1 minute'), (2, '10 minutes'), (3, '1 hour'), (4, '1 day'), (5, 'longer'), (6, 'not yet')) AS step (place, within)
LEFT JOIN reporting.first_trades USING (within) ORDER BY place`,
  });
}

export function conversionGraph(width: number): Panel {
  return ratioGraph({
    title: 'Conversion over time',
    description:
      'First trades over sign-ups of the hour before. Bad: below the dashed line, where LowConversionRate fires.',
    width,
    limit: thresholdOf('LowConversionRate'),
    part: FIRST_TRADES,
    whole: SIGN_UPS,
    legend: 'conversion',
    whenEmpty: 'Nobody signed up in the hour before',
    emptyWhenHealthy: NO_SIGN_UPS,
  });
}

export function visitsGraph(width: number): Panel {
  return graph({
    title: 'Visits',
    description:
      'Logins and registrations that succeeded, per minute. Bad: a sudden fall (they cannot come in), or registrations many times the usual (SignupSpike).',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: `sum by (type) (rate(${VISITS}[$__rate_interval])) * 60`,
        legend: '{{type}}',
      },
    ],
  });
}

export function activeGraph(width: number): Panel {
  return graph({
    title: 'Active customers',
    description:
      'Customers seen in 5 minutes, and streams of prices that are open. Bad: a sudden fall of either: a gateway, a network, a login that fails.',
    unit: 'short',
    width,
    queries: [
      { expr: 'max(active_users)', legend: 'customers' },
      { expr: 'sum(websocket_connections)', legend: 'streams' },
    ],
  });
}

export function seenBy(width: number): Panel {
  return sqlGauge({
    title: 'Seen within',
    description:
      'Customers seen in the last day, week and month, and those whose real-time plan runs. Bad: a month far above the week: they try it and leave.',
    unit: 'short',
    width,
    sql: `SELECT seen_1d AS "a day", seen_7d AS "a week", seen_30d AS "a month", subscribers AS "Subscribers" FROM reporting.customers`,
  });
}

export function researchRead(width: number): Panel {
  return graph({
    title: 'Research notes read',
    description:
      'Per minute; private ones are for subscribers. Bad: `private` falling while subscriptions do not: what they pay for is not read, or not shown.',
    unit: 'opm',
    width,
    stacked: true,
    queries: [
      {
        expr: 'sum by (type) (rate(content_access_total[$__rate_interval])) * 60',
        legend: '{{type}}',
      },
    ],
  });
}

export function returned(width: number): Panel {
  return sqlBars({
    title: 'Who came back, 30 days',
    description:
      'Share of those who signed up on a day and were seen a day or more later. Bad: falling from week to week. The newest two days cannot have any yet.',
    unit: 'percentunit',
    width,
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", coalesce(returned::float / signed_up, 0) AS "Came back"
FROM reporting.days LEFT JOIN reporting.cohorts USING (day) ORDER BY day`,
  });
}

export function satisfactionGraph(width: number): Panel {
  return graph({
    title: 'Satisfaction over time',
    description:
      'The mean of what customers gave in the hour before, from 1 to 5. Bad: below the dashed line, where CustomerSatisfactionLow fires.',
    unit: 'short',
    decimals: 1,
    width,
    max: 5,
    limit: thresholdOf('CustomerSatisfactionLow'),
    queries: [
      {
        expr: `sum(increase(customer_rating_sum[1h])) / (${RATINGS} > 0)`,
        legend: 'mean',
      },
    ],
    whenEmpty: 'Nobody said in the hour before',
    emptyWhenHealthy:
      'there is no mean of nothing: the default traffic rates every fifth visit, `make smoke` at once',
  });
}

export function ratingsByDay(width: number): Panel {
  return sqlBars({
    title: 'Ratings by day, 30 days',
    description:
      'How many gave what, one rating a customer and day. Bad: more red and orange than the days before: ask what was deployed.',
    unit: 'short',
    width,
    stacked: true,
    colours: { '1': 'red', '2': WARNING, '3': 'yellow', '4': 'light-green', '5': GOOD },
    sql: `SELECT to_char(day, 'DD Mon') AS "Day", ${[1, 2, 3, 4, 5].map((n) => `coalesce(sum(ratings) FILTER (WHERE rating = ${n}), 0) AS "${n}"`).join(', ')}
FROM reporting.days LEFT JOIN reporting.ratings USING (day) GROUP BY day ORDER BY day`,
  });
}
