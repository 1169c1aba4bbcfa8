import { batchSchema, type Batch } from '../../browser/browser.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';

/** @param record what takes a batch */
export function browserEndpoints(record: (batch: Batch) => void): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/api/telemetry',
        operationId: 'sendTelemetry',
        tag: 'Operations',
        summary: 'What a browser saw: page loads, web vitals, calls to the API, errors',
        description:
          'Also takes its JSON as text/plain, which is what navigator.sendBeacon makes of a text.',
        body: batchSchema,
        bodyTypes: ['application/json', 'text/plain'],
        answers: { 204: { description: 'Taken' } },
      },
      ({ body }) => {
        record(body);
        return Promise.resolve({ status: 204 });
      },
    ),
  ];
}
