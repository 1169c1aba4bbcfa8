import { command, compose, containers, serviceOf, waitUntilWell } from '../../tests/stack.ts';
import type { Incident } from '../drill.ts';

/** The replicas of the API, the newest last. */
async function replicas(): Promise<string[]> {
  const all = (await containers()).filter((container) => serviceOf(container) === 'api');
  const number = (labels: Record<string, string>) =>
    Number(labels['com.docker.compose.container-number']);
  return all
    .toSorted((a, b) => number(a.Config.Labels) - number(b.Config.Labels))
    .map(({ Id }) => Id);
}

const scale = (count: number): Promise<string> =>
  compose('up', '--detach', '--no-recreate', '--no-deps', '--scale', `api=${count}`, 'api');

let before = 0;

export const incident: Incident = {
  what: 'Adds a replica of the API, and freezes it.',
  by: {
    async break() {
      before = (await replicas()).length;
      await scale(before + 1);
      await waitUntilWell(60);
      await command('docker', ['pause', (await replicas()).at(-1) ?? '']);
    },
    async heal() {
      if (before > 0) await scale(before);
    },
  },
  raises: { alertname: 'PrometheusTargetMissing', labels: { service: 'api' } },
  seconds: 330,
};
