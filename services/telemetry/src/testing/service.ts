// A small service as a stranger would write it, for tests that start it as a process of its own:
//   node --import @crows-nest/telemetry/register service.ts
// It prints its port, and ends on SIGTERM.
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import express from 'express';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth, createTelemetry, exemplar } from '../index.ts';

const { LOG_DIRECTORY, TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
const telemetry = createTelemetry({
  service: 'sample',
  version: '1.2.3',
  environment: 'test',
  instance: 'one',
  logLevel: 'http',
  ...(LOG_DIRECTORY === undefined ? {} : { logDirectory: LOG_DIRECTORY }),
});

const app = express();
app.use(telemetry.http());
app.use(createHealth({ version: '1.2.3', checks: {}, started: () => true }).router);
app.get('/metrics', telemetry.metricsEndpoint());

const trades = express.Router();
trades.get('/:id', async (request, response) => {
  await telemetry.span('trade.execute', { 'trade.id': request.params.id }, async () => {
    telemetry.logger.info('trading');
    // Another service: a server of its own, asked by fetch.
    await fetch(`http://127.0.0.1:${portOf(inner)}/inner`);
  });
  response.json({ exemplar: exemplar() });
});
app.use('/trades', trades);
app.get('/stores', async (_request, response) => {
  const redis = new Redis(TEST_REDIS_URL ?? '');
  const pool = new pg.Pool({ connectionString: TEST_DATABASE_URL, max: 1 });
  const query = { name: 'select_one', text: 'SELECT $1::int AS one', values: [1] };
  await redis.get('session:8f3a9b');
  await redis.call('get').catch(() => undefined);
  // One connection, so that the second waits for what the first gives back.
  const [{ rows }] = await Promise.all([
    telemetry.span('first', {}, () => pool.query<{ one: number }>(query)),
    telemetry.span('second', {}, () => pool.query(query)),
  ]);
  await pool.query('SELECT nonsense').catch(() => undefined);
  const client = await pool.connect();
  client.query('ROLLBACK', () => {
    telemetry.logger.info('called back');
    client.release();
    void Promise.all([pool.end(), redis.quit()]).then(() => response.json(rows));
  });
});

const shared = new pg.Pool({ connectionString: TEST_DATABASE_URL, max: 1 });
app.get('/callback', (_request, response) => {
  shared.connect((_error, client, release) => {
    client?.query('SELECT 1', () => {
      telemetry.logger.info('called back');
      release();
      response.end();
    });
  });
});

const inner = createServer((request, response) => {
  response.end(String(request.headers.traceparent));
}).listen(0, '127.0.0.1');
const server = app.listen(0, '127.0.0.1', () => {
  console.error(`port ${portOf(server)}`);
});

process.once('SIGTERM', () => {
  server.close();
  inner.close();
  void telemetry.close().then(() => process.exit(0));
});

function portOf(listening: { address: () => string | AddressInfo | null }): number {
  return (listening.address() as AddressInfo).port;
}
