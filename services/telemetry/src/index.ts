export { captureCarrier, type Carrier, runWithCarrier } from './carrier.ts';
export { currentContext, outgoingHeaders, type RequestContext, setUser } from './context.ts';
export { createHealth, type Health, type HealthCheck, type HealthOptions } from './health.ts';
export type { LogLevel } from './logs/logger.ts';
export type { Registry } from './metrics/registry.ts';
export { createTelemetry, type Telemetry, type TelemetryOptions } from './telemetry.ts';
export { exemplar } from './tracing/span.ts';
export type { Attributes, Span } from '@opentelemetry/api';
export type { Logger } from 'winston';
