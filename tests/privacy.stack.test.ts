// What nobody finds in the logs, whoever writes them: mail addresses.

import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import { call } from './customer.ts';
import { logs } from './lookout.ts';
import { waitFor } from './stack.ts';

test('an address that is refused as taken stands in no log, not even the database’s', async () => {
  const name = `p${randomUUID().slice(0, 12)}`;
  const register = (username: string) =>
    call('POST', '/auth/register', {
      body: { username, email: `${name}@example.org`, password: 'plank-and-parrot' },
    });

  const before = Date.now();
  expect((await register(name)).status).toBe(201);
  expect((await register(`${name}x`)).status).toBe(409);

  // The database says that it refused something, and the lines of both requests are there …
  await waitFor('the database’s line on the refusal', 30, async (see) => {
    const lines = see(await logs('{service_name="postgres"} |= "duplicate key value"'));
    return lines.some(({ text }) => {
      const { timestamp } = JSON.parse(text) as { timestamp: string };
      return Date.parse(timestamp.replace(' UTC', 'Z').replace(' ', 'T')) >= before - 1_000;
    });
  });
  // … and none of all the lines tells to whom.
  expect(await logs(`{service_name=~".+"} |= "${name}@"`)).toEqual([]);
});
