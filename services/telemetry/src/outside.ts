import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';

const withoutContext = AsyncLocalStorage.snapshot();
const withoutTrace = suppressTracing(ROOT_CONTEXT);

/**
 * Runs `run` as if no request had ever been, and untraced: a batch of spans or lines is begun by whichever request fills it,
 * and is not its business.
 */
export function outsideOfRequests<T>(run: () => T): T {
  return withoutContext(() => context.with(withoutTrace, run));
}
