// The books, read where they are kept.

import { compose } from './stack.ts';

/** Runs a read-only statement in the stack's Postgres; rows of cells, as text. */
export async function sql(statement: string): Promise<string[][]> {
  const output = await compose(
    ...['exec', '-T', '-e', 'PGOPTIONS=-c default_transaction_read_only=on', 'postgres'],
    ...['sh', '-c', 'psql -qAt -F "|" -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "$0"', statement],
  );
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'));
}
