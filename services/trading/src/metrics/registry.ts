import type { Telemetry } from '@crows-nest/telemetry';

/** Where metrics are registered: a process has one, its telemetry's. */
export type Registry = Telemetry['registry'];
