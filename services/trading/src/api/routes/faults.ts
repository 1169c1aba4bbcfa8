import type { Request } from 'express';
import { z } from 'zod';
import type { Telemetry } from '@crows-nest/telemetry';
import {
  FAULT_NAMES,
  FAULTS,
  isFaultName,
  type FaultName,
  type FaultParameters,
} from '../../faults/catalogue.ts';
import type { ActiveFault, FaultControl } from '../../faults/faults.ts';
import { invalidRequest, Problem } from '../../problem.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { checked, EXPECTED_OBJECT } from '../input.ts';
import { jsonSchema } from '../openapi.ts';
import { timeSchema } from '../schemas.ts';

const named = z.object({ name: z.string().describe(`One of ${FAULT_NAMES.join(', ')}`) });

/** What each takes differs, and is checked when it is known which; all that can be said before is that it is an object. */
const asked = z.record(z.string(), z.unknown(), { error: EXPECTED_OBJECT }).meta({
  anyOf: FAULT_NAMES.map((name) => ({ title: name, ...jsonSchema(FAULTS[name].takes, 'input') })),
});

const faultSchema = z.object({
  name: z.enum(FAULT_NAMES),
  what: z.string(),
  endsAt: timeSchema.nullable().describe('Null while it is off'),
  parameters: z.record(z.string(), z.unknown()).nullable().describe('What it was asked for with'),
});

const OFF_OR_FOREIGN = 'FAULTS is off here, or a web page of another host asks';
const UNKNOWN = 'There is no such fault; those there are are named';

export interface FaultsDependencies {
  /** Undefined where `FAULTS` is off. */
  faults: FaultControl | undefined;
  /** What `latency` and `errors` can be limited to. */
  routes: string[];
  telemetry: Pick<Telemetry, 'audit'>;
}

/**
 * Faults on and off, for drills. No login: `FAULTS` is on only where ports are bound to loopback (config.ts), and who is on the machine
 * could stop the process as well. What is refused is a web page that somebody there has open.
 */
export function faultEndpoints({ faults, routes, telemetry }: FaultsDependencies): Endpoint[] {
  const control = (request: Request): FaultControl => {
    if (!faults) throw faultsOff();
    refuseForeignPages(request);
    return faults;
  };
  const note = (action: string, target: string, { ip: address }: Request) => {
    telemetry.audit({ action, outcome: 'success', address, target });
  };
  return [
    endpoint(
      {
        method: 'get',
        path: '/faults',
        operationId: 'listFaults',
        tag: 'Faults',
        summary: 'Every fault there is, and whether it is on',
        answers: {
          200: { description: 'All faults', schema: z.object({ faults: z.array(faultSchema) }) },
        },
        problems: { 403: OFF_OR_FOREIGN },
      },
      async ({ request }) => {
        const active = await control(request).active();
        const on = new Map(active.map((fault) => [fault.name, fault]));
        return {
          status: 200,
          json: { faults: FAULT_NAMES.map((name) => faultJson(name, on.get(name))) },
        };
      },
    ),
    endpoint(
      {
        method: 'delete',
        path: '/faults',
        operationId: 'endFaults',
        tag: 'Faults',
        summary: 'End all faults',
        answers: { 204: { description: 'None is on' } },
        problems: { 403: OFF_OR_FOREIGN },
      },
      async ({ request }) => {
        await control(request).end(FAULT_NAMES);
        note('fault.end', 'faults', request);
        return { status: 204 };
      },
    ),
    endpoint(
      {
        method: 'put',
        path: '/faults/:name',
        operationId: 'beginFault',
        tag: 'Faults',
        summary: 'Begin a fault, in place of one of that name that is on',
        description:
          'It bites in every process within two seconds, and ends by itself after `seconds` at the latest.\n\n' +
          FAULT_NAMES.map((name) => `- \`${name}\`: ${FAULTS[name].what}`).join('\n'),
        params: named,
        body: asked,
        answers: { 200: { description: 'It is on', schema: faultSchema } },
        problems: { 403: OFF_OR_FOREIGN, 404: UNKNOWN },
      },
      async ({ params, body, request }) => {
        const on = control(request);
        const name = known(params.name);
        const parameters = checked(FAULTS[name].takes, body);
        requireRoute(parameters, routes);
        const fault = await on.begin(name, parameters);
        note('fault.begin', `fault:${name}`, request);
        return { status: 200, json: faultJson(name, fault) };
      },
    ),
    endpoint(
      {
        method: 'delete',
        path: '/faults/:name',
        operationId: 'endFault',
        tag: 'Faults',
        summary: 'End a fault',
        params: named,
        answers: { 204: { description: 'It is not on, now or before' } },
        problems: { 403: OFF_OR_FOREIGN, 404: UNKNOWN },
      },
      async ({ params, request }) => {
        const on = control(request);
        const name = known(params.name);
        await on.end([name]);
        note('fault.end', `fault:${name}`, request);
        return { status: 204 };
      },
    ),
  ];
}

function faultJson(name: FaultName, fault: ActiveFault | undefined) {
  const { endsAt = null, parameters = null } = fault ?? {};
  return { name, what: FAULTS[name].what, endsAt, parameters };
}

function known(name: string): FaultName {
  if (isFaultName(name)) return name;
  throw new Problem({
    status: 404,
    code: 'unknown-fault',
    title: 'Unknown fault',
    detail: `There is no such fault. There are: ${FAULT_NAMES.join(', ')}.`,
  });
}

function requireRoute(parameters: FaultParameters, routes: string[]): void {
  if (!('route' in parameters) || parameters.route === undefined) return;
  if (routes.includes(parameters.route)) return;
  const message = `expected one of ${routes.join(', ')}`;
  throw invalidRequest([{ field: 'route', message }]);
}

function faultsOff(): Problem {
  return new Problem({
    status: 403,
    code: 'faults-off',
    title: 'Faults are off',
    detail: 'This service does not break on purpose. For drills start it with FAULTS=on.',
  });
}

/**
 * A browser says on whose behalf it sends a PUT or DELETE, and asks before it does so for another origin (it is told no: there are no
 * CORS headers here). A page whose name was made to lead to this machine needs not ask, so the name must be one of this machine.
 */
function refuseForeignPages({ headers: { origin } }: Request): void {
  if (origin === undefined) return;
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  if (['localhost', '127.0.0.1', '[::1]'].includes(host)) return;
  throw new Problem({
    status: 403,
    code: 'foreign-page',
    title: 'Not for web pages',
    detail: 'Faults are not for web pages of other hosts. Use curl, or /docs on localhost.',
  });
}
