import { defineConfig } from 'vitest/config';

const ignored = ['**/node_modules/**'];

/** As many files at once as have a Redis server of their own; those that need none, as many as there are processors. */
const maxWorkers = process.env['TEST_REDIS_URL']?.split(',').length ?? '100%';

// By what they need: nothing (unit), servers of their own such as Postgres and Redis (integration), the whole running stack
// (stack); and what leaves a stack behind whose alerts take minutes to calm down, so that it comes last: drills, which still
// need a quiet one to begin with, and then chaos.
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [
            ...ignored,
            '**/*.integration.test.ts',
            '**/*.stack.test.ts',
            '**/*.chaos.test.ts',
          ],
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
          setupFiles: ['tests/own-redis.ts'],
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
      {
        test: {
          name: 'drills',
          include: ['drills/**/*.stack.test.ts'],
          exclude: ignored,
          testTimeout: 400_000,
          // Until the alerts of the drill before are over.
          hookTimeout: 400_000,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['tests/**/*.chaos.test.ts'],
          exclude: ignored,
          testTimeout: 300_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
