/** The fields of a log line and what each is for, in the order in which they stand; a test compares them with a line. */
export const LINE_FIELDS: Record<string, string> = {
  timestamp: 'when, UTC, to the millisecond',
  level:
    '`error` somebody must look, `warn` somebody should, `info` what happened, `http` requests, `debug` everything',
  message: 'what happened, in words; what varies stands in fields',
  service: 'which role; Loki has it as the label `service_name`',
  version: 'of the service, as in `build_info`',
  environment: 'where: `production`, `demo`, …',
  instance: 'which replica',
  event_id: 'unique, so that a line that was delivered twice can be told',
  requestId: 'of one request; what a customer sees in an error, and `X-Request-ID` in every answer',
  correlationId: 'of the whole undertaking, across services, jobs and retries',
  traceId: 'leads to the trace in Jaeger',
  spanId: 'leads to the span in it',
  userId: 'for whom it is done, once that is known',
};

/** What the line of a finished request has besides; every line may have fields of its own. */
export const REQUEST_FIELDS: Record<string, string> = {
  method: 'as it was asked',
  path: 'without the query, which may hold what is private',
  route: 'the template that answered, as in the metrics',
  status: 'of the answer; 499 when the caller left before it',
  durationMs: 'from the first byte to the end of the answer',
  bytes: 'of the answer',
  address: 'whence it came, as far as the proxies are believed',
  userAgent: 'with what',
  error: 'of a 5xx: its name, message and cause',
  stack: 'of a 5xx: where it came from',
};
