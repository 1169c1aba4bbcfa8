import { expect, test } from 'vitest';
import { createPasswords } from './passwords.ts';

const passwords = await createPasswords({
  span: (_name, _attributes, run) => run(undefined as never),
});

test('a password fits its own hash and no other, and without a hash none fits', async () => {
  const hash = await passwords.hash('the right one');
  expect(await passwords.verify(hash, 'the right one')).toBe(true);
  expect(await passwords.verify(hash, 'a wrong one')).toBe(false);
  expect(await passwords.verify(undefined, 'the right one')).toBe(false);
});
