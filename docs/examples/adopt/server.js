import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { createTelemetry } from '@crows-nest/telemetry';

const telemetry = createTelemetry({
  service: 'shop',
  version: '1.0.0',
  environment: 'demo',
  logLevel: 'http',
  logDirectory: process.env.LOG_DIRECTORY,
});

const lanterns = [
  { id: '1', name: 'storm lantern', price: 1200 },
  { id: '2', name: 'signal lantern', price: 3400 },
];

const app = express();
app.use(telemetry.http());
app.get('/metrics', telemetry.metricsEndpoint());

app.get('/lanterns', (request, response) => {
  response.json(lanterns);
});

app.get('/lanterns/:id', (request, response) => {
  const lantern = lanterns.find(({ id }) => id === request.params.id);
  if (lantern === undefined) response.status(404).json({ error: 'There is no such lantern' });
  else response.json(lantern);
});

// Slow: somebody has to walk to the shelf.
app.get('/lanterns/:id/stock', async (request, response) => {
  await delay(1_200);
  response.json({ inStock: 3 });
});

// Failing.
app.post('/orders', () => {
  throw new Error('the till is stuck');
});

app.use((error, request, response, next) => {
  telemetry.recordError(response, error);
  response.status(500).json({ error: 'Something went wrong' });
});

const server = app.listen(process.env.PORT ?? 4000);

process.once('SIGTERM', () => {
  server.close(async () => {
    await telemetry.close();
    process.exit();
  });
});
