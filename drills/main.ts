// `make drill`: lists what can be broken. NAME=redis-down breaks it, several names or `all` one after the other; DRILL_SPEED=fast
// with windows twenty times shorter. Exits 1 when an alert or a notice was missing or an unexpected critical alert fired, 2 when
// the stack is not fit for a drill or another run is on, 130 when it was interrupted. Whatever happens, what was broken is healed.

import { waitUntilRunningFor } from '../tests/lookout.ts';
import { type Drill, whileBroken } from './drill.ts';
import { fastForm, isFast } from './fast.ts';
import { drills } from './incidents.ts';
import { lockFile, releaseLock, takeLock } from './lock.ts';
import { readOptions } from './options.ts';
import { obstacles, present, untilQuiet, untilReadyFor, untilWatchedFor } from './readiness.ts';
import { longestSeconds, run } from './run.ts';
import { factor } from './scale.ts';
import { listTable, resultTable, roughly, type Row } from './table.ts';

/** What Prometheus takes, once started, to see what is not well: all is asked for, and the journeys are walked. */
const firstLookSeconds = 60;
/** The longest time that a critical alert waits before it fires, and some. */
const longestWaitSeconds = 330;

const interruption = new AbortController();
const { signal } = interruption;
const say = (line: string): void => {
  console.log(line);
};

// Who listened may be gone (`| head`, a closed terminal); what is broken must be healed all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (signal.aborted) say('Still healing; it takes a moment.');
    else say(`${name}: healing what is broken.`);
    interruption.abort(new Error('interrupted'));
  });
}

async function main(): Promise<number> {
  const { wanted, fast } = readOptions(process.env, drills);
  if (wanted.length === 0) {
    say(listTable(drills));
    return 0;
  }
  const other = await takeLock();
  if (other !== undefined) {
    say(
      `drill: another run is on, of the process ${other}. Wait for it, or end it with \`kill -INT ${other}\`; if that is no drill, ` +
        `delete ${lockFile}.`,
    );
    return 2;
  }
  try {
    return await practise(wanted, fast);
  } finally {
    await releaseLock();
  }
}

/** The drills on this stack. @returns the exit code */
async function practise(wanted: Drill[], fast: boolean): Promise<number> {
  const found = (await isFast())
    ? ['Its rules are in their fast form: another drill is on, or was killed.']
    : await obstacles();
  if (found.length > 0) {
    say(`drill: not on this stack; \`make up\` and \`make doctor\` help.\n${found.join('\n')}`);
    return 2;
  }
  const here = await present();
  const able = wanted.filter(({ name, needs }) => {
    const can = needs === undefined || here.has(needs);
    if (!can) say(`${name} is left out: it needs ${needs}, which is not here.\n`);
    return can;
  });
  if (able.length === 0) return 2;
  await untilQuiet(longestWaitSeconds, signal);

  const rows: Row[] = [];
  try {
    if (fast) say('The rules take their fast form.\n');
    const work = () => each(able, rows, fast);
    await (fast ? whileBroken(fastForm(), work) : work());
  } finally {
    if (rows.length > 0) say(resultTable(rows));
  }
  // What was over for the fast form may still be within a window of the real one.
  if (fast) {
    await waitUntilRunningFor(firstLookSeconds, signal);
    await untilQuiet(longestSeconds, signal);
  }
  return rows.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

/** One after the other; what comes of each is added to `rows`. */
async function each(able: Drill[], rows: Row[], fast: boolean): Promise<void> {
  const seconds = (real: number): number => (fast ? Math.ceil(real / factor) : real);
  for (const drill of able) {
    const { name, history } = drill;
    await untilReadyFor(drill, seconds(longestSeconds) + 180, signal);
    if (history !== undefined) {
      say(`${name} needs ${roughly(seconds(history))} of history, which may still have to pass.`);
      await untilWatchedFor(seconds(history), signal);
    }
    const row = await run(drill, { fast, signal, say });
    rows.push(row);
    if (row.notHealed) throw row.notHealed;
    say('');
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`drill: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = signal.aborted ? 130 : 1;
}
