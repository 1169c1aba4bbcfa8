/** What the definition of a metric does not say: what a bad value looks like, and the unit where the name does not have it. */
export interface Reading {
  bad: string;
  unit?: string;
}

export interface MetricGroup {
  title: string;
  /** In the order of the document. */
  metrics: Record<string, Reading>;
}

/** Every metric, in groups; a test compares the names with what is exposed. */
export const METRIC_GROUPS: MetricGroup[] = [
  {
    title: 'HTTP',
    metrics: {
      http_requests_total: {
        bad: 'more than 5 % are 5xx (HighErrorRate), or a rate that falls to 0',
      },
      http_request_duration_seconds: { bad: 'p95 over 1 s (SlowResponseTime)' },
      http_requests_errors_total: {
        bad: 'any type other than `client` that keeps rising; `unknown` is an error that nobody recorded',
      },
      http_requests_in_flight: {
        bad: 'rises and does not fall again: something that requests wait for is stuck',
      },
      http_response_size_bytes: { bad: 'a mean that grows from day to day: a list without an end' },
    },
  },
  {
    title: 'Database and cache',
    metrics: {
      db_query_duration_seconds: { bad: 'p95 over 25 ms for a query that requests wait for' },
      db_slow_queries_total: { bad: 'rises at all in the API' },
      db_pool_active_connections: {
        bad: 'over 90 % of the most for 5 minutes (DatabasePoolExhaustion)',
      },
      db_pool_idle_connections: { bad: '0 while requests wait' },
      db_pool_waiting_requests: { bad: 'over 0 for longer than a scrape' },
      db_pool_max_connections: {
        bad: 'over all processes more than the server allows (`max_connections`)',
      },
      cache_hits_total: { bad: 'less than nine in ten look-ups while customers are at work' },
      cache_misses_total: { bad: 'as many as look-ups: Redis is away, or keys expire at once' },
    },
  },
  {
    title: 'Who comes in',
    metrics: {
      auth_attempts_total: {
        bad: 'failures of `login` that jump: passwords are being guessed; of `token`: a client that does not log in again',
      },
      auth_active_sessions: { bad: 'grows without end: sessions are not cleared' },
      active_users: { bad: 'falls to a fraction of the same hour yesterday' },
      security_events_total: { bad: 'a burst of one type; any `webhook_forged`' },
      user_signups_total: { bad: 'flat where it never is; a jump without a reason: robots' },
    },
  },
  {
    title: 'Trading',
    metrics: {
      trades_total: { bad: 'falls to 0 while users are active' },
      trading_volume_total: { bad: 'jumps without more trades: one customer moves the market' },
      orders_created_total: { bad: 'falls to 0 while users are active' },
      orders_executed_total: { bad: 'lags behind those created' },
      orders_cancelled_total: { bad: 'nearly as many as created' },
      orders_rejected_total: { bad: 'reason `no_price` at all: the market does not quote' },
      trade_duration_seconds: { bad: 'p95 over 100 ms' },
      orders_open: { bad: 'only ever grows: nothing is filled or expires' },
      first_trades_total: { bad: 'far below sign-ups: customers do not find their way' },
      revenue_total: { bad: 'flat while there are trades' },
      customer_holdings_value: {
        bad: 'jumps without trades: a price is wrong; 0 with trades: no quotes are known',
      },
      customer_realised_profit_total: {
        bad: 'far above losses for long: the house is being beaten',
      },
      customer_realised_loss_total: { bad: 'far above profits for long: customers will leave' },
    },
  },
  {
    title: 'Market',
    metrics: {
      market_ticks_total: { bad: 'other than 4 a second over all processes' },
      market_quote_age_seconds: {
        bad: 'over 3: orders are refused; absent: no quote was ever seen',
      },
      market_price: { bad: 'stands still for minutes without a halt' },
      market_halts_total: { bad: 'several characters at once' },
      market_leader: { bad: 'a sum over all processes other than 1', unit: '1 or 0' },
    },
  },
  {
    title: 'Payments',
    metrics: {
      payments_total: { bad: 'more failed than a tenth' },
      payment_value_total: { bad: 'withdrawals far above deposits' },
      payment_failures_total: { bad: 'reason `other` at all; any reason that jumps' },
      payment_duration_seconds: {
        bad: 'p95 over 10 s: webhooks do not come, and the worker has to ask',
      },
      payment_pending_age_seconds: {
        bad: 'over 900: for some the gateway never answers (DepositsLate)',
      },
      payment_webhooks_total: {
        bad: 'outcome `mismatch` or `unknown` at all; `forged` or `stale`: wrong secret or clock',
      },
      subscriptions_active: { bad: 'falls' },
      subscription_failures_total: { bad: 'jumps: the gateway declines, not the customers' },
    },
  },
  {
    title: 'Jobs',
    metrics: {
      jobs_processed_total: { bad: 'outcome `failed` that goes on for one name' },
      job_duration_seconds: { bad: 'p95 over 5 s: what the job calls is slow' },
      job_wait_seconds: { bad: 'p95 over 5 s: too few workers, or Redis was away' },
      job_queue_depth: {
        bad: 'state `waiting` that only grows; `delayed` above a few: jobs are being repeated',
      },
      outbox_lag_seconds: { bad: 'over 10: nobody relays, or Redis is away' },
    },
  },
  {
    title: 'Streams and content',
    metrics: {
      websocket_connections: {
        bad: 'near 1,000 in a process, the most it takes; falls to 0 at once',
      },
      websocket_messages_total: {
        bad: 'type `invalid` that keeps rising: a client that speaks wrongly',
      },
      price_stream_duration_seconds: {
        bad: 'most end within seconds: clients are dropped and come again',
      },
      content_access_total: { bad: '`private` falls while subscriptions do not' },
    },
  },
  {
    title: 'Customers and their browsers',
    metrics: {
      customer_rating: { bad: 'a mean under 3, or one that falls', unit: '1 to 5' },
      web_page_load_seconds: { bad: 'p75 of `total` over 2.5 s' },
      web_vital_seconds: { bad: 'p75 over: LCP 2.5 s, FCP 1.8 s, INP 0.2 s, TTFB 0.8 s' },
      web_vital_ratio: { bad: 'p75 of CLS over 0.1' },
      web_api_call_duration_seconds: {
        bad: 'far above `http_request_duration_seconds`: the network or the gateway',
      },
      web_errors_total: { bad: 'jumps after a deployment' },
    },
  },
  {
    title: 'Journeys',
    metrics: {
      journey_success: {
        bad: '0: customers cannot do it either; absent: nobody walks',
        unit: '1 or 0',
      },
      journey_duration_seconds: { bad: 'near 5, which is when a step is given up' },
    },
  },
  {
    title: 'Delivery',
    metrics: {
      deployments_total: { bad: 'outcome `failed` more often than one in seven' },
      deployment_lead_time_seconds: { bad: 'a median over a week (604,800)' },
      recent_deployments: { bad: 'under 5: too few for `change_failure_rate` to say much' },
      change_failure_rate: { bad: 'over 0.15', unit: 'ratio' },
      incident_recovery_seconds: { bad: 'a median over an hour (3,600)' },
      incidents_open: { bad: 'over 0 for hours: nobody is at it' },
    },
  },
  {
    title: 'Ledger',
    metrics: {
      ledger_imbalance: {
        bad: 'anything but 0; absent: the books were not looked at',
        unit: 'cents; of shares their number',
      },
      ledger_entries_total: { bad: 'flat while there are trades' },
    },
  },
  {
    title: 'Audit log',
    metrics: {
      audit_log_faults: {
        bad: 'anything but 0 (AuditLogBroken); absent: the logs could not be read (AuditLogUnchecked)',
        unit: 'count',
      },
    },
  },
  {
    title: 'Code',
    metrics: {
      operation_duration_seconds: {
        bad: '`market.round` over 0.25, which is when the next is due; a `task.*` near its interval',
      },
    },
  },
  {
    title: 'Faults on purpose',
    metrics: {
      fault_active: { bad: 'any outside of a drill', unit: '1' },
    },
  },
  {
    title: 'Process',
    metrics: {
      build_info: { bad: 'several versions for longer than a deployment takes', unit: '1' },
      process_cpu_seconds_total: { bad: 'a rate near 1: JavaScript runs on one core' },
      process_cpu_user_seconds_total: { bad: 'a rate near 1' },
      process_cpu_system_seconds_total: {
        bad: 'a rate above that of user time: the kernel does the work',
      },
      process_start_time_seconds: {
        bad: 'changes without a deployment: the process was restarted',
      },
      process_resident_memory_bytes: {
        bad: 'grows from day to day, or nears the limit of the container',
      },
      process_virtual_memory_bytes: { bad: 'says little: V8 reserves far more than it uses' },
      process_heap_bytes: { bad: 'grows from day to day' },
      process_open_fds: { bad: 'grows from day to day: connections or files are not closed' },
      process_max_fds: { bad: 'less than twice those open' },
      nodejs_eventloop_lag_seconds: { bad: 'over 0.1 in more than one scrape' },
      nodejs_eventloop_lag_min_seconds: { bad: 'over 0.05: even at best it is late' },
      nodejs_eventloop_lag_max_seconds: { bad: 'over 1: something computed for that long' },
      nodejs_eventloop_lag_mean_seconds: { bad: 'over 0.05' },
      nodejs_eventloop_lag_stddev_seconds: { bad: 'over 0.1: it comes in bursts' },
      nodejs_eventloop_lag_p50_seconds: { bad: 'over 0.05' },
      nodejs_eventloop_lag_p90_seconds: { bad: 'over 0.1' },
      nodejs_eventloop_lag_p99_seconds: {
        bad: 'over 0.2: requests wait for JavaScript, not for the database',
      },
      nodejs_active_resources: { bad: 'one type that only grows' },
      nodejs_active_handles: { bad: '`Socket` that only grows' },
      nodejs_active_requests: { bad: 'over 0 for long: the disk or the resolver is slow' },
      nodejs_heap_size_total_bytes: { bad: 'near the limit of the heap' },
      nodejs_heap_size_used_bytes: { bad: 'does not fall after collections' },
      nodejs_external_memory_bytes: { bad: 'grows from day to day: buffers are kept' },
      nodejs_heap_space_size_total_bytes: { bad: '`old` that only grows' },
      nodejs_heap_space_size_used_bytes: { bad: '`old` that does not fall after collections' },
      nodejs_heap_space_size_available_bytes: { bad: '`old` near 0' },
      nodejs_version_info: { bad: 'differs between replicas', unit: '1' },
      nodejs_gc_duration_seconds: { bad: '`major` over 0.1, or more than a tenth of all time' },
    },
  },
  {
    title: 'Telemetry itself',
    metrics: {
      telemetry_log_lines_total: { bad: 'level `error` or `warn` that jumps; all levels at 0' },
      telemetry_log_lines_dropped_total: { bad: 'rises at all' },
      telemetry_spans_dropped_total: { bad: 'rises at all' },
      telemetry_export_failures_total: {
        bad: 'rises for more than a minute: the collector is away',
      },
    },
  },
];

/** What is here other than one would guess, and why. */
export const REMARKS = [
  'A role has only the metrics that it can know: one that is registered shows up with the value 0, also where nobody counts.',
  'Health checks and scrapes are in no HTTP metric: machines ask them, all the time, and they would drown what people ask.',
  '`route` is a template, `unmatched` without one. HEAD counts as GET, which answers it. A method that a path does not have (405) is `other` and `unmatched`: anybody could ask each path in eight ways.',
  'Histograms cost as many series as they have buckets, for every label set. So durations of requests tell 50 label sets below 400 apart, 4 of 4xx and 3 of 5xx (`services/telemetry/src/metrics/http.ts`), sizes have no buckets, queries five, and of what browsers call eight routes and statuses are told apart. What comes later is `other`, `unmatched` and the class of the status (`5xx`).',
  '`trade_duration_seconds` has the outcome, because a refusal is faster than a trade; `market_halts_total` has the character, because one at a time is normal; `payment_duration_seconds` is of payments that succeeded, because a failure ends nothing that a customer waits for.',
  '`change_failure_rate`, `market_quote_age_seconds`, `journey_*` and `ledger_imbalance` are absent when there is nothing to tell: 0 would say that all is well.',
  'Histograms that an SLO reads (docs/slo.md) have a bound where it asks for one (`http_request_duration_seconds` at 0.3), and `payment_duration_seconds` of deposits and `web_vital_seconds` of LCP are there at 0 before the first: no events is not no metric.',
  'Money is in whole cents, also in metrics: sums of cents are exact.',
  "prom-client's `nodejs_active_handles_total`, `_requests_total` and `_resources_total` are left out: gauges under the names of counters. The same numbers are there by type.",
];
