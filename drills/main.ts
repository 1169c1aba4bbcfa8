// `make drill`: lists what can be broken. NAME=redis-down breaks it, several names or `all` one after the other; DRILL_SPEED=fast
// with windows twenty times shorter. Exits 1 when an alert or a notice was missing or an unexpected critical alert fired, 2 when
// nothing was begun, 130 when it was interrupted. Whatever happens, what was broken is healed.

import type { Drill } from './drill.ts';
import { inFastForm, isFast } from './fast.ts';
import { drills } from './incidents.ts';
import { readOptions } from './options.ts';
import { obstacles, untilReady } from './readiness.ts';
import { run } from './run.ts';
import { listTable, resultTable, type Row } from './table.ts';

/** How long the stack may take to be quiet before a drill, and after the last: as long as the longest window of what may still fire. */
const quietSeconds = { fast: 180, real: 900 };

const interruption = new AbortController();
const { signal } = interruption;
const say = (line: string): void => {
  console.log(line);
};

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
  const found = (await isFast())
    ? [
        'Its rules are in their fast form: another drill is on, or one was killed. `make up` brings back the real ones.',
      ]
    : await obstacles();
  if (found.length > 0) {
    say(`drill: not on this stack. \`make up\` and \`make doctor\` help.\n${found.join('\n')}`);
    return 2;
  }

  const rows: Row[] = [];
  try {
    if (fast) await inFastForm(() => each(wanted, rows, true));
    else await each(wanted, rows, false);
  } finally {
    if (rows.length > 0) say(`\n${resultTable(rows)}`);
  }
  // What was short for the fast form may still be in a window of the real ones.
  if (fast) await untilReady(quietSeconds.real, signal);
  return rows.every(({ failures }) => failures.length === 0) ? 0 : 1;
}

async function each(wanted: Drill[], rows: Row[], fast: boolean): Promise<void> {
  for (const drill of wanted) {
    await untilReady(fast ? quietSeconds.fast : quietSeconds.real, signal);
    rows.push(await run(drill, { fast, signal, say }));
    say('');
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`drill: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = signal.aborted ? 130 : 1;
}
