// Each integration test file that runs at the same time as others has a Redis server of its own: channels belong to none of a
// server's databases. TEST_REDIS_URL lists them, and vitest.config.ts runs as many files at once.

const urls = process.env['TEST_REDIS_URL']?.split(',') ?? [];
const own = urls[Number(process.env['VITEST_POOL_ID']) - 1];
if (own !== undefined) process.env['TEST_REDIS_URL'] = own;
