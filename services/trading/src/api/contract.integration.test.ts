import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { valueFor, type JsonSchema } from '../testing/arbitrary.ts';
import { testSeed } from '../testing/seed.ts';
import {
  DELIVERY_TOKEN,
  PASSWORD,
  startSystem,
  type Answer,
  type TestSystem,
} from '../testing/system.ts';

/**
 * A client that knows nothing but the OpenAPI document asks at random, and holds every answer against it: no status, type or
 * body that the document does not allow, and no 5xx. What it is answered it uses again (ids above all).
 */

interface Operation {
  operationId: string;
  security: object[];
  parameters: { name: string; in: string; required: boolean; schema: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  responses: Record<
    string,
    { content?: Record<string, { schema: JsonSchema & { $ref?: string } }> }
  >;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

const RUNS_AN_OPERATION = 60;
const DECLINE = "UPDATE payments SET status = 'failed', reason = 'test' WHERE status = 'pending'";
/** Only who has the secret can sign. */
const SIGNED = 'receivePaymentWebhook';
/** They would break what is tested; where they are off their only answer is a refusal. */
const FAULTS = ['listFaults', 'endFaults', 'beginFault', 'endFault'];

let system: TestSystem;
let quoting: NodeJS.Timeout;
let declining: NodeJS.Timeout;
beforeAll(async () => {
  system = await startSystem();
  await system.quote();
  quoting = setInterval(() => void system.quote(), 500);
  // There is no gateway here, and only so many payments of a customer may be pending.
  declining = setInterval(() => void system.database.sql(DECLINE), 100);
}, 120_000);
afterAll(async () => {
  clearInterval(quoting);
  clearInterval(declining);
  await system.close();
});

test('random requests get only answers that the OpenAPI document allows, and no 5xx', async () => {
  const document = (await system.request('GET', '/openapi.json')).json as Document;
  const allows = answerChecker(document);
  const seed = testSeed();
  const customers = await Promise.all(Array.from({ length: 5 }, () => system.register()));
  let token = customers[0]?.token ?? '';
  const seen = new Map<string, unknown[]>([
    ['characterId', ['sable-nine', 'the-bosun']],
    ['username', customers.map(({ username }) => username)],
    ['password', [PASSWORD]],
    ['date', [new Date().toISOString().slice(0, 10)]],
    ['expiresAt', [new Date(Date.now() + 3_600_000).toISOString()]],
  ]);
  const succeeded = new Set<string>();

  for (const [n, [path, operation, method]] of operationsOf(document).entries()) {
    const requests = requestFor(
      operation,
      (name) => seen.get(name === 'id' ? idName(path) : name) ?? [],
    );
    await fc.assert(
      fc.asyncProperty(requests, async ({ parameters, body, idempotencyKey, anonymous }) => {
        const headers: Record<string, string> = { 'idempotency-key': idempotencyKey };
        const isMachines = operation.security.some((one) => 'deliveryToken' in one);
        if (!anonymous) headers['authorization'] = `Bearer ${isMachines ? DELIVERY_TOKEN : token}`;
        if (body !== undefined) headers['content-type'] = 'application/json';
        const answer = await system.request(
          method.toUpperCase(),
          pathWith(path, operation, parameters),
          {
            headers,
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          },
        );
        allows(operation, answer);
        if (answer.status < 300) {
          succeeded.add(operation.operationId);
          learn(answer.json, seen, path);
        }
        // A session that was closed on the way is opened anew, so that there is more to try.
        if (answer.status === 401 && !anonymous) token = (await system.register()).token;
        if (answer.status < 300 && ['logout', 'eraseMe'].includes(operation.operationId)) {
          token = (await system.register()).token;
        }
      }),
      // Another seed for each: operations that take the same would be asked for the same under the same keys.
      { seed: seed + n, numRuns: RUNS_AN_OPERATION, endOnFailure: true },
    );
  }

  // Otherwise it would have tested little but refusals.
  const operations = operationsOf(document)
    .filter(([, { responses }]) => Object.keys(responses).some((status) => /^2/.test(status)))
    .map(([, { operationId }]) => operationId);
  expect(operations.filter((name) => !succeeded.has(name))).toEqual([SIGNED, ...FAULTS]);
  expect(await system.database.sql('SELECT * FROM ledger_differences')).toEqual([]);
}, 180_000);

function operationsOf({ paths }: Document): [path: string, Operation, method: string][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation, string] => [
      path,
      operation,
      method,
    ]),
  );
}

function requestFor(operation: Operation, seen: (name: string) => unknown[]) {
  const body = operation.requestBody?.content['application/json']?.schema;
  return fc.record({
    parameters: fc.record(
      Object.fromEntries(
        operation.parameters
          .filter((parameter) => parameter.in !== 'header')
          .map(({ name, schema }) => [name, valueFor(schema, seen, name)]),
      ),
    ),
    body: body ? valueFor(body, seen) : fc.constant(undefined),
    idempotencyKey: fc.oneof(
      { weight: 20, arbitrary: fc.uuid() },
      { weight: 1, arbitrary: fc.stringMatching(/^[\x20-\x7e]{0,20}$/).map((key) => key.trim()) },
    ),
    anonymous: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
  });
}

function pathWith(
  path: string,
  { parameters }: Operation,
  values: Record<string, unknown>,
): string {
  const text = (value: unknown) =>
    encodeURIComponent((typeof value === 'string' ? value : JSON.stringify(value)).toWellFormed());
  let complete = path;
  const query: string[] = [];
  for (const { name, in: where, required } of parameters) {
    const value = values[name];
    // An empty segment would be another path.
    if (where === 'path') complete = complete.replace(`{${name}}`, text(value) || '%20');
    if (where === 'query' && (required || text(value).length % 2 === 0)) {
      query.push(`${name}=${text(value)}`);
    }
  }
  return query.length === 0 ? complete : `${complete}?${query.join('&')}`;
}

/** `/api/orders/{id}` takes an order's id, and `POST /api/orders` answers with one. */
function idName(path: string): string {
  return `id of ${path.split('/').find((part) => !['', 'api'].includes(part)) ?? ''}`;
}

function learn(value: unknown, seen: Map<string, unknown[]>, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    learn(inner, seen, path);
    if (typeof inner !== 'string' || !/id$/i.test(name)) continue;
    const key = name === 'id' ? idName(path) : name;
    seen.set(key, [...(seen.get(key) ?? []), inner].slice(-20));
  }
}

/** @returns a function that throws when an answer is not one that the document allows for the operation */
function answerChecker({ components }: Document) {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validators = new Map<object, ValidateFunction>();
  const validatorOf = (schema: JsonSchema & { $ref?: string }) => {
    const known = validators.get(schema);
    if (known) return known;
    const named = components.schemas[schema.$ref?.replace(/.*\//, '') ?? ''];
    const validator = ajv.compile(named ?? schema);
    validators.set(schema, validator);
    return validator;
  };
  return ({ operationId, responses }: Operation, { status, headers, text, json }: Answer) => {
    const told = `${operationId} answered ${status}: ${text.slice(0, 500)}`;
    if (status >= 500) throw new Error(told);
    const declared = responses[status];
    if (!declared) throw new Error(`not in the document: ${told}`);
    const type = headers.get('content-type')?.replace(/;.*/, '');
    const content = type === undefined ? undefined : declared.content?.[type];
    if (declared.content && !content)
      throw new Error(`${String(type)} is not in the document: ${told}`);
    if (!declared.content && text !== '')
      throw new Error(`a body that is not in the document: ${told}`);
    if (!content || type === 'application/x-ndjson') return;
    const validate = validatorOf(content.schema);
    if (!validate(json)) throw new Error(`${ajv.errorsText(validate.errors)}: ${told}`);
  };
}
