import { Counter, Histogram } from 'prom-client';
import { expect, test } from 'vitest';
import { startApp } from '../testing/app.ts';
import { temporaryDirectory } from '../testing/lines.ts';
import { traceInMemory } from '../testing/tracing.ts';
import { exemplar, inSpan } from '../tracing/span.ts';

test('speaks OpenMetrics with exemplars to who accepts it, and plain text without to others', async () => {
  using tracing = traceInMemory();
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, (_routes, { registry }) => {
    new Counter({ name: 'trades_total', help: 'Trades.', registers: [registry] }).inc(3);
    const duration = new Histogram({
      name: 'trade_duration_seconds',
      help: 'Time.',
      enableExemplars: true,
      registers: [registry],
    });
    void inSpan('trade', {}, () => {
      duration.observe({ labels: {}, value: 0.2, exemplarLabels: exemplar() });
      return Promise.resolve();
    });
  });

  const prometheus = await fetch(`${app.url}/metrics`, {
    headers: {
      accept:
        'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.1',
    },
  });
  const openMetrics = await prometheus.text();
  expect(prometheus.headers.get('content-type')).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  );
  expect(openMetrics).toContain('# TYPE trades counter\ntrades_total 3\n');
  expect(tracing.spans()).toHaveLength(1);
  expect(openMetrics).toMatch(
    /trade_duration_seconds_bucket\{le="0.25"\} 1 # \{trace_id="[0-9a-f]{32}"\} 0.2 \d+/,
  );
  expect(openMetrics.endsWith('# EOF\n')).toBe(true);

  const person = await fetch(`${app.url}/metrics`);
  const plain = await person.text();
  expect(person.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(plain).toContain('# TYPE trades_total counter\ntrades_total 3\n');
  expect(plain).toContain('trade_duration_seconds_bucket{le="0.25"} 1\n');
  expect(plain).not.toMatch(/trace_id|EOF/);
});

test('tells of the process and the build', async () => {
  await using directory = await temporaryDirectory();
  await using app = await startApp(directory.path, () => undefined);
  const text = await (await fetch(`${app.url}/metrics`)).text();
  expect(text).toContain(`build_info{version="1.2.3",revision="abc",node="${process.version}"} 1`);
  for (const name of [
    'nodejs_eventloop_lag_p99_seconds',
    'process_resident_memory_bytes',
    'telemetry_spans_dropped_total',
    'telemetry_export_failures_total',
  ]) {
    expect(text).toMatch(new RegExp(`^${name} [\\d.e+-]+$`, 'm'));
  }
  // `_total` is for counters alone.
  expect(text.match(/^# TYPE \S+_total (?!counter).*$/gm)).toBeNull();
});
