// What nobody finds in the logs, whoever writes them: mail addresses, and what a query holds.

import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import { call } from './customer.ts';
import { sql } from './ledger.ts';
import { logs } from './lookout.ts';
import { waitFor } from './stack.ts';

test('an address that is refused as taken stands in no log, not even the database’s', async () => {
  const name = `p${randomUUID().slice(0, 12)}`;
  const register = (username: string) =>
    call('POST', '/auth/register', {
      body: { username, email: `${name}@example.org`, password: 'plank-and-parrot' },
    });

  expect((await register(name)).status).toBe(201);
  expect((await register(`${name}x`)).status).toBe(409);

  // The database writes its lines in order: when this complaint has arrived, so has all that it said before.
  await expect(sql(`SELECT '${name}-is-no-number'::int`)).rejects.toThrow();
  await waitFor('the database’s complaint', 30, async (see) => {
    return see(await logs(`{service_name="postgres"} |= "${name}-is-no-number"`)).length > 0;
  });
  expect(await logs(`{service_name=~".+"} |= "${name}@"`)).toEqual([]);
});

test('what is private in a path, a query or a header stands in no log, not even the gateway’s', async () => {
  const name = `p${randomUUID().slice(0, 12)}`;
  const requestId = randomUUID();
  const address = `${name}@example.org`;
  const path = `/api/files/${address}/4242424242424242?email=${address}&password=secret-${name}`;
  const headers = { 'x-request-id': requestId, 'user-agent': address };
  expect((await call('GET', path, { headers })).status).toBe(404);

  await waitFor('the lines of the gateway and the API', 30, async (see) => {
    const found = await logs(`{service_name=~"web|api"} |= "${requestId}" |= "/api/files/"`);
    const services = new Set(found.map(({ fields }) => fields['service_name']));
    return see(services).size === 2;
  });
  expect(await logs(`{service_name=~".+"} |= "${name}"`)).toEqual([]);
  expect(await logs(`{service_name=~".+"} |= "${requestId}" |= "4242424242424242"`)).toEqual([]);
});
