import { expect } from 'vitest';
import { FAULT_NAMES, type FaultName } from '../faults/catalogue.ts';
import { eventually } from './eventually.ts';
import type { Answer, TestSystem } from './system.ts';

/** A fault as it is listed. */
export interface ListedFault {
  name: string;
  endsAt: string | null;
  parameters: object | null;
}

type Metric = (name: string, labels: Record<string, string>) => Promise<number>;

/** Faults by way of the API. */
export interface TestFaults {
  /** Asks for one. */
  ask(name: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Has one begin, for a minute where nothing else is said. */
  begin(name: FaultName, parameters?: object): Promise<void>;
  /** Ends one, or all when none is named. */
  end(name?: string): Promise<Answer>;
  /** Waits until none is on; by then the connection to Redis stands. */
  none(): Promise<void>;
  list(): Promise<ListedFault[]>;
}

export function faultsOf(system: TestSystem): TestFaults {
  const ask: TestFaults['ask'] = (name, body, headers = {}) =>
    system.request('PUT', `/faults/${name}`, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const end: TestFaults['end'] = (name) =>
    system.request('DELETE', name === undefined ? '/faults' : `/faults/${name}`);
  return {
    ask,
    async begin(name, parameters = {}) {
      const { status, text } = await ask(name, { seconds: 60, ...parameters });
      expect(status, text).toBe(200);
    },
    end,
    async none() {
      await eventually(async () => (await end()).status).toBe(204);
    },
    async list() {
      return ((await system.request('GET', '/faults')).json as { faults: ListedFault[] }).faults;
    },
  };
}

/** Those that a process shows as on. */
export async function activeFaults(metric: Metric): Promise<FaultName[]> {
  const values = await Promise.all(FAULT_NAMES.map((fault) => metric('fault_active', { fault })));
  return FAULT_NAMES.filter((_name, n) => values[n] === 1);
}
