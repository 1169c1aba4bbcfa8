import { verifyDirectory } from './verify.ts';

/**
 * `npm run audit:log -- <directory>` (LOG_DIRECTORY, or /logs, when none is given): verifies the chain of every audit file. Exits 0
 * when all is in order, 1 with each line that is not.
 */
const directory = process.argv[2] ?? process.env['LOG_DIRECTORY'] ?? '/logs';
try {
  const verdicts = await verifyDirectory(directory);
  if (verdicts.length === 0) throw new Error('it has none');
  for (const { name, lines, from, to, first, last, wrong, torn, repeated } of verdicts) {
    const order = wrong.length === 0 ? 'in order' : 'NOT IN ORDER';
    console.log(`${name}: ${lines} lines ${order}, ${from} to ${to}`);
    for (const { file, line, what } of wrong) console.log(`  ${file}, line ${line}: ${what}`);
    for (const { file, line, what } of torn) {
      console.log(`  ${file}, line ${line}: ${what}; a crash, or it is being written`);
    }
    if (repeated > 0) console.log(`  ${repeated} lines stand there twice, unchanged`);
    console.log(`  first: sequence ${first}`);
    console.log(`  last: sequence ${last.sequence}, hash ${last.hash}`);
  }
  process.exitCode = verdicts.every(({ wrong }) => wrong.length === 0) ? 0 : 1;
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  console.error(
    `Expected a directory with *.audit.log, but of ${directory}: ${reason}. Name another as the first argument.`,
  );
  process.exitCode = 1;
}
