import { expect, test } from 'vitest';
import {
  contextFromHeaders,
  currentContext,
  outgoingHeaders,
  runInContext,
  setUser,
} from './context.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test.each(['a', 'REQ-1.2_3', 'x'.repeat(128)])('takes the well-formed id %s', (id) => {
  expect(contextFromHeaders({ 'x-request-id': id, 'x-correlation-id': `c${id.slice(1)}` })).toEqual(
    {
      requestId: id,
      correlationId: `c${id.slice(1)}`,
    },
  );
});

test.each([
  '',
  ' ',
  'x'.repeat(129),
  'a b',
  'a\nb',
  'ü',
  '{"a":1}',
  '<script>',
  'a;b',
  ['a', 'b'],
  7,
  undefined,
])('makes an id where it gets %j', (id) => {
  const context = contextFromHeaders({ 'x-request-id': id, 'x-correlation-id': id });
  expect(context.requestId).toMatch(UUID);
  expect(context.correlationId).toBe(context.requestId);
});

test('gives everything that a request starts its context, and others theirs', async () => {
  const [one, two] = await Promise.all(
    ['one', 'two'].map((requestId) =>
      runInContext({ requestId, correlationId: 'c' }, async () => {
        await new Promise(setImmediate);
        setUser(`user-${requestId}`);
        await new Promise(setImmediate);
        return { ...currentContext(), headers: outgoingHeaders() };
      }),
    ),
  );
  expect(one).toEqual({
    requestId: 'one',
    correlationId: 'c',
    userId: 'user-one',
    headers: { 'X-Request-ID': 'one', 'X-Correlation-ID': 'c' },
  });
  expect(two).toMatchObject({ requestId: 'two', userId: 'user-two' });
});

test('has nothing to say outside of a request', () => {
  setUser('nobody');
  expect(currentContext()).toBeUndefined();
  expect(outgoingHeaders()).toEqual({});
});
