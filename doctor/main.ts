// Asks every component whether it is well. Runs in a container inside the compose network; the list of containers comes
// on standard input, from `docker compose ps --all --format json`, and the names of the services that the compose files
// have as arguments. With --wait it gives everything two minutes.
import { text } from 'node:stream/consumers';
import { troubleAt, troublesUntil } from './ask.ts';
import { components, type Component } from './components.ts';
import { containerTrouble, parseContainers } from './containers.ts';
import { firingAlerts, targetTroubles } from './prometheus.ts';

const configured = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const containers = parseContainers(await text(process.stdin));
const until = process.argv.includes('--wait') ? Date.now() + 120_000 : Date.now();
let wrong = 0;

function report(name: string, troubles: string[], remedy: string): void {
  wrong += troubles.length;
  if (troubles.length === 0) console.log(`✓ ${name}`);
  for (const trouble of troubles) console.log(`✗ ${name}: ${trouble}`);
  if (troubles.length > 0) console.log(`    ${remedy}`);
}

const runs = (service: string): boolean =>
  containers.some((container) => container.Service === service);

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

const present = components.filter(({ service }) => runs(service));
const answers = await Promise.all(present.map(troublesOf));
present.forEach(({ service, remedy }, index) => {
  report(service, answers[index] ?? [], remedy);
});

for (const { service, leftOut } of components) {
  if (runs(service) || !configured.includes(service)) continue;
  if (leftOut === undefined) report(service, ['has no container'], 'Start it: make up');
  else console.log(`- ${service} is left out: ${leftOut}`);
}

// One-shots, and whatever the list above does not know.
for (const container of containers) {
  if (present.some(({ service }) => service === container.Service)) continue;
  const trouble = containerTrouble(container, true);
  const remedy = `Read why: make logs SERVICE=${container.Service}`;
  report(container.Service, trouble === undefined ? [] : [trouble], remedy);
}

if (runs('prometheus')) {
  const troubles = await troublesUntil(targetTroubles, until);
  report(
    'every target of Prometheus',
    troubles,
    'Each is asked by Prometheus at the address it names.',
  );
  const alerts = troubles.length === 0 ? await firingAlerts() : [];
  for (const alert of alerts) console.log(`! firing: ${alert}`);
}

if (wrong > 0) process.exitCode = 1;
