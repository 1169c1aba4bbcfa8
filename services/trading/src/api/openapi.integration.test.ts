import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSystem, type TestSystem } from '../testing/system.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
}, 120_000);
afterAll(() => system.close());

interface Operation {
  operationId: string;
}

test('the document is valid OpenAPI 3.1, and each operation has a name of its own', async () => {
  const { json, headers } = await system.request('GET', '/openapi.json');
  expect(headers.get('content-type')).toMatch('application/json');
  const document = json as { paths: Record<string, Record<string, Operation>> };

  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');

  const names = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(names).toContain('trade');
  expect(new Set(names).size).toBe(names.length);
});

test('people read it at /docs, whose files are all there', async () => {
  const { text } = await system.request('GET', '/docs');
  const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
  expect(files).toHaveLength(3);
  for (const path of files) {
    const { status, headers } = await system.request('GET', path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/(?:css|javascript)/);
  }
});
