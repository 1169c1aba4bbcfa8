import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import { Gauge } from 'prom-client';
import { z } from 'zod';

import type { Telemetry } from '@crows-nest/telemetry';

/** What can be wrong with the card gateway as a whole, whatever the card. */
export const faults = {
  'payments-declined': 'The bank declines every charge and payout: insufficient_funds',
  'payments-hang': 'Calls are not answered, and do nothing',
  'webhooks-lost': 'Webhooks never come, though payments are settled',
} as const;

export type FaultName = keyof typeof faults;

const names = Object.keys(faults) as FaultName[];

const SECONDS = 'expected a whole number from 1 to 900';
const asked = z.strictObject(
  { seconds: z.int(SECONDS).min(1, SECONDS).max(900, SECONDS) },
  'expected a JSON object such as {"seconds": 60}',
);

export interface Faults {
  on: (name: FaultName) => boolean;
  begin: (name: FaultName, seconds: number) => void;
  /** Ends it, if it is on. */
  end: (name: FaultName) => void;
  /** When it ends; null while it is off. */
  endsAt: (name: FaultName) => Date | null;
}

/** In memory, each with the moment of its end: it is on only until then, and a restart forgets it. */
export function createFaults({ registry, logger }: Pick<Telemetry, 'registry' | 'logger'>): Faults {
  const ends = new Map<FaultName, Date>();
  const timers = new Map<FaultName, NodeJS.Timeout>();

  const endsAt = (name: FaultName): Date | null => {
    const end = ends.get(name);
    return end !== undefined && end.getTime() > Date.now() ? end : null;
  };
  const end = (name: FaultName): void => {
    clearTimeout(timers.get(name));
    if (ends.delete(name)) logger.warn('A fault ends', { fault: name });
  };

  logger.warn('FAULTS is on: whoever reaches /faults can break the card gateway, for drills');
  new Gauge({
    name: 'fault_active',
    help: '1 while a fault is on in this process; absent while it is not',
    labelNames: ['fault'],
    registers: [registry],
    collect() {
      this.reset();
      for (const fault of names) if (endsAt(fault) !== null) this.set({ fault }, 1);
    },
  });

  return {
    on: (name) => endsAt(name) !== null,
    begin(name, seconds) {
      clearTimeout(timers.get(name));
      ends.set(name, new Date(Date.now() + seconds * 1000));
      logger.warn('A fault begins', { fault: name, endsAt: ends.get(name) });
      timers.set(name, setTimeout(end, seconds * 1000, name).unref());
    },
    end,
    endsAt,
  };
}

/**
 * `GET /faults`, `PUT` and `DELETE /faults/<name>`, `DELETE /faults`, as the trading API has them, for drills. No login: who is on this
 * machine could stop the process as well. What is refused is a web page that somebody there has open.
 *
 * @param control undefined where `FAULTS` is off, or where there is no gateway: then all of it is a 403
 */
export function faultRoutes(control: Faults | undefined): Router {
  const router = Router();
  const listed = (name: FaultName) => ({
    name,
    what: faults[name],
    endsAt: control?.endsAt(name) ?? null,
  });

  const allowed: RequestHandler = (request, response, next) => {
    if (control === undefined) {
      refuse(response, 403, 'faults-off', 'For drills, start this service with FAULTS=on.');
    } else if (isForeign(request)) {
      refuse(response, 403, 'foreign-page', 'Faults are not for web pages. Use curl.');
    } else next();
  };
  const known: RequestHandler<{ name: string }> = ({ params: { name } }, response, next) => {
    if (Object.hasOwn(faults, name)) next();
    else
      refuse(
        response,
        404,
        'unknown-fault',
        `There is no such fault. There are: ${names.join(', ')}.`,
      );
  };

  router.use(allowed);
  router.get('/', (_request, response) => {
    response.json({ faults: names.map(listed) });
  });
  router.delete('/', (_request, response) => {
    for (const name of names) control?.end(name);
    response.status(204).end();
  });
  router.delete('/:name', known, ({ params: { name } }, response) => {
    control?.end(name as FaultName);
    response.status(204).end();
  });
  router.put('/:name', known, express.json({ limit: '1kb' }), (request, response) => {
    const parsed = asked.safeParse(request.body);
    if (!parsed.success) {
      refuse(response, 400, 'invalid-request', z.prettifyError(parsed.error));
      return;
    }
    const name = request.params.name as FaultName;
    control?.begin(name, parsed.data.seconds);
    response.json(listed(name));
  });
  return router;
}

/**
 * A browser names the page on whose behalf it sends a PUT or DELETE, and asks before it does so for another origin (and is told
 * nothing that would allow it). A page whose name was made to lead to this machine needs not ask.
 */
function isForeign({ headers: { origin } }: Request): boolean {
  if (origin === undefined) return false;
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  return !['localhost', '127.0.0.1', '[::1]'].includes(host);
}

function refuse(response: Response, status: number, code: string, detail: string): void {
  const problem = { type: `/problems/${code}`, title: code.replaceAll('-', ' '), status, detail };
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}
