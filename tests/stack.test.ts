import { expect, test } from 'vitest';

import { command } from './stack.ts';

test('a command gives its output, or throws with what it said', async () => {
  expect(await command('sh', ['-c', 'echo well'])).toBe('well\n');
  await expect(command('sh', ['-c', 'echo ill >&2; exit 3'])).rejects.toThrow('ended with 3: ill');
});

test('one that takes too long is killed, with its children, which hold on to its output', async () => {
  const hanging = command('sh', ['-c', 'sleep 600 & wait'], 0.2);
  await expect(hanging).rejects.toThrow('was killed after 0.2 s');
});
