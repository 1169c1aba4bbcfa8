import { expect, test } from 'vitest';
import { readTracingSettings } from './settings.ts';

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'expected an address'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector', 'expected an address'],
  ['OTEL_EXPORTER_JAEGER_ENDPOINT', 'ftp://collector', 'expected an address'],
  ['OTEL_TRACES_EXPORTER', 'zipkin', '"jaeger"|"otlp"|"none"'],
  ['OTEL_TRACES_SAMPLER_ARG', '2', '<=1'],
])('says that %s=%s is wrong, and what was expected', (name, value, expected) => {
  const read = () => readTracingSettings({ [name]: value });
  expect(read).toThrow('Tracing cannot start with these settings:');
  expect(read).toThrow(`${name}=${value}: `);
  expect(read).toThrow(expected);
});

test('what is empty is as if it were not there', () => {
  expect(
    readTracingSettings({ OTEL_TRACES_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }),
  ).toEqual(readTracingSettings({}));
});
