import { text } from 'node:stream/consumers';
import { loadConfig } from '../config.ts';
import { run } from '../lifecycle.ts';
import { changesSince } from './changes.ts';

/**
 * Tells the API of this container that it was deployed, when its revision is another than the last one told. To be given
 * `git log --format='%H %cI'` as input. Exits 1 when the API refuses.
 */
await run(async () => {
  const { port, environment, deliveryToken = '' } = loadConfig();
  const ask = async (path: string, init: RequestInit = {}) => {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal });
    const body = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${body}`);
    return JSON.parse(body) as { lastDeployment: { revision: string } | null };
  };

  const { lastDeployment } = await ask(`/dora?environment=${encodeURIComponent(environment)}`);
  const changes = changesSince(await text(process.stdin), lastDeployment?.revision);
  if (!changes) return;
  await ask('/deployments', {
    method: 'POST',
    headers: { authorization: `Bearer ${deliveryToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ environment, outcome: 'succeeded', ...changes }),
  });
  console.log(`Recorded that ${changes.revision} was deployed.`);
});
