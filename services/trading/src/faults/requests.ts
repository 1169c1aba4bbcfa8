import { setTimeout as wait } from 'node:timers/promises';
import type { Endpoint } from '../api/endpoint.ts';
import type { Faults } from './faults.ts';

/** What a request fails with; its name is the `type` in `http_requests_errors_total`. */
class InjectedFault extends Error {
  override name = 'InjectedFault';
}

/** The endpoint as it is while `latency` and `errors` are on: late, or a 500 before it has done anything. */
export function withFaults(each: Endpoint, faults: Faults): Endpoint {
  const bites = (fault: { route?: string | undefined } | undefined) =>
    fault !== undefined && (fault.route === undefined || fault.route === each.path);
  return {
    ...each,
    async handle(request, session) {
      const latency = faults.on('latency');
      if (latency && bites(latency)) await wait(latency.milliseconds);
      const errors = faults.on('errors');
      if (errors && bites(errors) && Math.random() < errors.ratio) {
        throw new InjectedFault('The fault "errors" is on: see GET /faults');
      }
      return each.handle(request, session);
    },
  };
}
