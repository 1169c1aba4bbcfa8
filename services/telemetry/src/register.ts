import { readTracingSettings } from './tracing/settings.ts';

// For `node --import @crows-nest/telemetry/register main.ts`: everything here happens before the service's first import.
const settings = readTracingSettings(process.env);
// Loaded only when it is wanted: without tracing, its memory and its start are saved too.
if (settings.exporter !== 'none') {
  const { interceptImports } = await import('./tracing/intercept.ts');
  const { startTracing } = await import('./tracing/start.ts');
  interceptImports();
  startTracing(settings);
}
