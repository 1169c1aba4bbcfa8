import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSystem, type Customer, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
let customer: Customer;
beforeAll(async () => {
  system = await startSystem();
  customer = await system.register();
}, 120_000);
afterAll(() => system.close());

const research = (characterId: string) => customer.get(`/api/characters/${characterId}/research`);
const accesses = (type: string, character: string) =>
  system.metric('content_access_total', { type, character });

test('there is a note on every character, and about a third is for subscribers', async () => {
  const characters = await system.database.sql<{ id: string }>('SELECT id FROM characters');
  const answers = await Promise.all(characters.map(({ id }) => research(id)));
  const refused = answers.filter(({ status }) => status === 403);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(20 - refused.length);
  expect(refused).toHaveLength(7);
});

test('a public note is for everybody', async () => {
  const { status, json } = await research('pip-saltwhistle');
  expect(status).toBe(200);
  expect(json).toEqual({
    characterId: 'pip-saltwhistle',
    title: 'Small, and still growing',
    body: expect.stringContaining('a parrot') as string,
    access: 'public',
    publishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:00:00\.000Z$/) as string,
  });
  const before = await accesses('public', 'pip-saltwhistle');
  await research('pip-saltwhistle');
  expect(await accesses('public', 'pip-saltwhistle')).toBe(before + 1);
});

test('a private one is for subscribers', async () => {
  const refused = await research('captain-nobody');
  expect(refused.status).toBe(403);
  expect(refused.json).toMatchObject({
    type: '/problems/subscription-required',
    detail: expect.stringContaining('POST /api/subscription') as string,
  });
  expect(refused.text).not.toContain('old coin');
  expect(await accesses('private', 'captain-nobody')).toBe(0);

  const subscriber = await system.register(undefined, { realtime: true });
  const { status, json } = await subscriber.get('/api/characters/captain-nobody/research');
  expect(status).toBe(200);
  expect(json).toMatchObject({
    access: 'private',
    body: expect.stringContaining('old coin') as string,
  });
  expect(await accesses('private', 'captain-nobody')).toBe(1);
});

test('on somebody who does not exist there is none', async () => {
  expect((await research('nobody-at-all')).status).toBe(404);
  expect((await research('No such id!')).status).toBe(400);
});
