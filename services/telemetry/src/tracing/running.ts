import type { NodeSDK } from '@opentelemetry/sdk-node';

let running: NodeSDK | undefined;

/** Keeps the tracing that `register` started, so that `Telemetry.close` can end it. */
export function setRunning(sdk: NodeSDK): void {
  running = sdk;
}

/** Sends what waits and stops tracing. Fails where the receiver is away; nothing when tracing was never started. */
export async function stopTracing(): Promise<void> {
  const sdk = running;
  running = undefined;
  await sdk?.shutdown();
}
