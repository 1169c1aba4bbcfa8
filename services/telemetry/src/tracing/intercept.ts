import { register } from 'import-in-the-middle/register-hooks.mjs';

/** Packages that the instrumentations patch; nothing else is intercepted. */
const INSTRUMENTED_MODULES = ['http', 'https', 'pg', 'pg-pool'];

/**
 * Lets the instrumentations patch what is loaded by `import`. Without it only `require` would pass them, and an
 * `import pg from 'pg'` would go untraced. Synchronous, in this thread: no loader thread, nothing to wait for.
 */
export function interceptImports(): void {
  register({ include: INSTRUMENTED_MODULES });
}
