// A stranger's service, in the JavaScript that Express 4 and 5, ESM and CommonJS have in common; package.test.ts puts the
// imports before it. It prints its port, and ends on SIGTERM.
/* global express, createHealth, createTelemetry, exemplar */
const telemetry = createTelemetry({
  service: 'shop',
  version: '1.0.0',
  environment: 'test',
  instance: 'one',
  logLevel: 'http',
  logDirectory: process.env.LOG_DIRECTORY,
});

const app = express();
app.use(telemetry.http());
app.use(createHealth({ version: '1.0.0', checks: {}, started: () => true }).router);
const faulty = { version: '1.0.0', checks: {}, started: () => JSON.parse('not JSON') };
app.use('/faulty', createHealth(faulty).router);
app.get('/metrics', telemetry.metricsEndpoint());

const items = express.Router({ mergeParams: true });
items.get('/:item', (request, response, next) => {
  telemetry.logger.info('looking', { order: request.params.order });
  // Another service: itself.
  fetch(`http://127.0.0.1:${server.address().port}/stock`)
    .then((answer) => answer.json())
    .then((stock) => response.json({ stock, exemplar: exemplar() }))
    .catch(next);
});
app.use('/orders/:order/items', items);
app.get('/stock', (request, response) => response.json(3));
app.get('/broken', () => {
  throw new RangeError('out of rum');
});
app.use((error, request, response, next) => {
  telemetry.recordError(response, error);
  if (response.headersSent) next(error);
  else response.status(500).json({ error: 'Internal Server Error' });
});

const server = app.listen(0, '127.0.0.1', () => console.error(`port ${server.address().port}`));
process.once('SIGTERM', () => {
  server.close();
  telemetry.close().then(() => process.exit(0));
});
