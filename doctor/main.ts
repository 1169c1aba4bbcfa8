// Asks every component whether it is well. Runs in a container inside the compose network; the list of containers comes
// on standard input, from `docker compose ps --all --format json`. With --wait it gives everything two minutes.
import { text } from 'node:stream/consumers';
import { troubleAt, troublesUntil } from './ask.ts';
import { components, type Component } from './components.ts';
import { containerTrouble, parseContainers } from './containers.ts';
import { firingAlerts, targetTroubles } from './prometheus.ts';

const containers = parseContainers(await text(process.stdin));
const until = process.argv.includes('--wait') ? Date.now() + 120_000 : Date.now();
let wrong = 0;

function report(name: string, troubles: string[], remedy: string): void {
  wrong += troubles.length;
  console.log(troubles.length === 0 ? `✓ ${name}` : `✗ ${name} ${troubles.join('; ')}`);
  if (troubles.length > 0) console.log(`    ${remedy}`);
}

async function troublesOf({ service, readyUrl }: Component): Promise<string[]> {
  const seenByDocker = containers
    .filter((container) => container.Service === service)
    .flatMap((container) => containerTrouble(container, false) ?? []);
  if (seenByDocker.length > 0 || readyUrl === undefined) return seenByDocker;
  return troublesUntil(async () => {
    const trouble = await troubleAt(readyUrl);
    return trouble === undefined ? [] : [trouble];
  }, until);
}

const present = components.filter(({ service }) =>
  containers.some((container) => container.Service === service),
);
const answers = await Promise.all(present.map(troublesOf));
present.forEach(({ service, remedy }, index) => {
  report(service, answers[index] ?? [], remedy);
});

// One-shots, and whatever the list above does not know.
for (const container of containers) {
  if (present.some(({ service }) => service === container.Service)) continue;
  const trouble = containerTrouble(container, true);
  const remedy = `Read why: make logs SERVICE=${container.Service}`;
  report(container.Service, trouble === undefined ? [] : [trouble], remedy);
}

if (present.some(({ service }) => service === 'prometheus')) {
  const troubles = await troublesUntil(targetTroubles, until);
  report('every Prometheus target is up', troubles, 'See the Targets page of Prometheus.');
  const alerts = troubles.length === 0 ? await firingAlerts() : [];
  for (const alert of alerts) console.log(`! firing: ${alert}`);
}

if (wrong > 0) process.exitCode = 1;
