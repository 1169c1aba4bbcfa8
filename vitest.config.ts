import { defineConfig } from 'vitest/config';

const ignored = ['**/node_modules/**'];

// Three kinds of tests, by what they need: nothing (unit), a Postgres and a Redis (integration), the whole running stack (stack).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...ignored, '**/*.integration.test.ts', '**/*.stack.test.ts'],
          // Long enough for a busy machine: the first test of a file waits for its modules.
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: ignored,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'stack',
          include: ['tests/**/*.stack.test.ts'],
          exclude: ignored,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // One stack, shared: a test that stops a container must not run beside one that needs it.
          fileParallelism: false,
        },
      },
    ],
  },
});
