import { z } from 'zod';
import { bodyTypesOf, IDEMPOTENCY_KEY_PATTERN, type Endpoint } from './endpoint.ts';

type Schema = Record<string, unknown>;

/** An RFC 9457 problem, as `problems.ts` sends it. */
const problemSchema = z.object({
  type: z
    .string()
    .regex(/^\/problems\/[a-z0-9-]+$/)
    .describe('Names the kind of problem'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().describe('What was expected, what came, what to do'),
  instance: z.string().describe('The path that was asked'),
  requestId: z.string().optional().describe('Quote it when asking for help'),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .describe('Each field that is wrong'),
});

/**
 * The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of the endpoints: its schemas are JSON Schema 2020-12, made by zod from
 * those that check the requests.
 */
export function openApiDocument(endpoints: Endpoint[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of endpoints) {
    (paths[each.path.replace(/:(\w+)/g, '{$1}')] ??= {})[each.method] = operation(each);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: "Crow's Nest",
      version,
      description:
        'A dealer market in the shares of characters of a pirate story. Money is whole cents (1 berry = 100 cents), shares are whole, times are UTC. ' +
        'Every error is a problem of RFC 9457 with the requestId to quote.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token of POST /auth/login' },
        deliveryToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'For what deploys and what raises alerts: the token in DELIVERY_TOKEN_FILE',
        },
      },
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
    },
  };
}

/** Every status that an endpoint may answer with. */
export function statusesOf(each: Endpoint): number[] {
  return Object.keys({ ...each.answers, ...problemsOf(each) }).map(Number);
}

function operation(each: Endpoint) {
  const { operationId, tag, summary, description, body } = each;
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(each),
    parameters: [
      ...parametersOf(each.params, 'path'),
      ...parametersOf(each.query, 'query'),
      ...(each.idempotencyKey ? [idempotencyKey] : []),
    ],
    ...(body
      ? {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              bodyTypesOf(each).map((type) => [type, { schema: jsonSchema(body, 'input') }]),
            ),
          },
        }
      : {}),
    responses: { ...answersOf(each), ...problemsOf(each) },
  };
}

function securityOf({ session, guard }: Endpoint) {
  if (guard) return [{ [guard.scheme]: [] }];
  return session ? [{ bearer: [] }] : [];
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description:
    'New for each order. The same key with the same request gives the same answer again for 24 hours, with Idempotency-Replayed: true.',
  schema: { type: 'string', pattern: IDEMPOTENCY_KEY_PATTERN.source },
};

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query') {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function answersOf({ answers, idempotencyKey: kept }: Endpoint) {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema }]) => [
      status,
      {
        description,
        ...(kept ? { headers: replayed } : {}),
        ...(schema
          ? { content: { 'application/json': { schema: jsonSchema(schema, 'output') } } }
          : {}),
      },
    ]),
  );
}

const replayed = {
  'Idempotency-Replayed': {
    description: 'The answer was given before, under the same key',
    schema: { const: 'true' },
  },
};

function problemsOf(each: Endpoint) {
  const { session, guard, idempotencyKey: key, params, query, body, problems } = each;
  const known: Record<number, string> = {
    ...(params || query || body || key ? { 400: 'The request is wrong; each field is named' } : {}),
    ...(session || guard ? { 401: 'No token, or one that is not valid' } : {}),
    ...(body ? { 413: 'A body over 100 kB', 415: 'A body that is not JSON' } : {}),
    ...(key ? { 422: 'The Idempotency-Key was used for another request' } : {}),
    503: 'Not now: try again after the seconds of Retry-After',
    ...problems,
  };
  return Object.fromEntries(
    Object.entries(known).map(([status, description]) => [
      status,
      {
        description,
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    ]),
  );
}

/** A schema as JSON Schema. `input`: what may be sent; `output`: what is answered. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const made: Schema = z.toJSONSchema(schema, { io });
  // Said once for the whole document.
  delete made['$schema'];
  return made;
}
