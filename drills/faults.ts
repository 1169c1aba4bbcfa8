// Faults that the services offer where FAULTS=on, for drills: PUT /faults/<name>, which ends by itself.

import { address } from '../tests/stack.ts';
import { again } from './ways.ts';
import type { Way } from './drill.ts';

/** The longest that a fault lasts. It ends with the drill; should the drill be killed, by itself. */
const longestSeconds = 900;
const renewalMs = 300_000;

/** A fault of the trading system, in every process of every role (services/trading/src/faults). */
export function fault(name: string, parameters: Record<string, unknown> = {}): Way {
  return faultAt(() => address('web', 3000), name, parameters);
}

/** A fault of the card gateway (services/outside). */
export function gatewayFault(name: string): Way {
  return faultAt(() => address('outside', 8025), name, {});
}

function faultAt(base: () => string, name: string, parameters: Record<string, unknown>): Way {
  async function ask(method: string, body?: object): Promise<number> {
    const url = `${base()}/faults/${name}`;
    const response = await fetch(url, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (response.ok || response.status === 403) return response.status;
    throw new Error(`${method} ${url} answered ${response.status}: ${text}`);
  }
  const begin = () => ask('PUT', { seconds: longestSeconds, ...parameters });
  const renewal = again(renewalMs, begin, renewalMs);
  return {
    async break() {
      if ((await begin()) === 403) {
        throw new Error('faults are off; set FAULTS=on in .env, then `make up`');
      }
      await renewal.break();
    },
    async heal() {
      await renewal.heal();
      await ask('DELETE');
    },
  };
}
