import { register as interceptImports } from 'import-in-the-middle/register-hooks.mjs';
import { INSTRUMENTED_MODULES } from './tracing/instrumentations.ts';
import { readTracingSettings } from './tracing/settings.ts';
import { startTracing } from './tracing/start.ts';

// For `node --import @crows-nest/telemetry/register main.ts`: everything here happens before the service's first import.
// Without the hook only what is loaded by `require` could be patched, and an `import express` would slip through.
const settings = readTracingSettings(process.env);
if (settings.exporter !== 'none') {
  interceptImports({ include: INSTRUMENTED_MODULES });
  startTracing(settings);
}
