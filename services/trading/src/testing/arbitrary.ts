import fc from 'fast-check';

/** What is used here of JSON Schema 2020-12, as zod makes it. */
export interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
}

/** Values that were seen, by the name they had: an order's id from one answer is a good id for the next request. */
export type Dictionary = (name: string) => unknown[];

/**
 * Values for a schema: most of them fit, some do not, in one place or another, so that both what is accepted and what is refused is tried.
 *
 * @param name what the value is called, for the dictionary
 */
export function valueFor(
  schema: JsonSchema,
  dictionary: Dictionary,
  name = '',
): fc.Arbitrary<unknown> {
  const seen = dictionary(name);
  const fitting = seen.length > 0 ? [{ weight: 12, arbitrary: fc.constantFrom(...seen) }] : [];
  return fc.oneof(
    ...fitting,
    { weight: 12, arbitrary: fittingFor(schema, dictionary) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

function fittingFor(schema: JsonSchema, dictionary: Dictionary): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return fc.oneof(...either.map((one) => fittingFor(one, dictionary)));
  switch (schema.type) {
    case 'object':
      return objectFor(schema, dictionary);
    case 'array':
      return fc.array(valueFor(schema.items ?? {}, dictionary), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, 60),
      });
    case 'integer':
      return integerFor(schema);
    case 'number':
      return fc.double({
        min: schema.minimum ?? -1e6,
        max: schema.maximum ?? 1e6,
        noNaN: true,
        noDefaultInfinity: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return stringFor(schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectFor(
  { properties = {}, required = [] }: JsonSchema,
  dictionary: Dictionary,
): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, schema]) => [
    name,
    valueFor(schema, dictionary, name),
  ]);
  const known = fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: required,
  });
  const strange = fc.tuple(known, fc.string(), fc.jsonValue({ maxDepth: 1 }));
  const lacking = fc.tuple(known, fc.nat());
  return fc.oneof(
    { weight: 16, arbitrary: known },
    {
      weight: 1,
      arbitrary: strange.map(([object, name, value]) => ({ ...object, [name]: value })),
    },
    {
      weight: 1,
      arbitrary: lacking.map(([object, n]) =>
        Object.fromEntries(Object.entries(object).filter((_entry, index) => index !== n % 8)),
      ),
    },
  );
}

/** Small ones often, because with large ones everybody is soon out of money; and the bounds themselves. */
function integerFor({ minimum = -(2 ** 53) + 1, maximum = 2 ** 53 - 1 }: JsonSchema) {
  const small = fc.integer({ min: minimum, max: Math.min(maximum, Math.max(minimum, 0) + 20) });
  return fc.oneof(
    { weight: 6, arbitrary: small },
    {
      weight: 2,
      arbitrary: fc.maxSafeInteger().map((n) => Math.min(maximum, Math.max(minimum, n))),
    },
    { weight: 1, arbitrary: fc.constantFrom(minimum, maximum) },
  );
}

function stringFor({ pattern, format, minLength, maxLength }: JsonSchema): fc.Arbitrary<string> {
  // The RFC allows far stranger ones, which no form accepts.
  if (format === 'email') return fc.stringMatching(/^[a-z0-9]{1,20}@example\.com$/);
  if (format === 'uuid') return fc.uuid();
  if (format === 'date') return fc.date(AROUND_NOW).map((date) => date.toISOString().slice(0, 10));
  if (format === 'date-time') return fc.date(AROUND_NOW).map((date) => date.toISOString());
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({
    unit: 'binary',
    minLength: minLength ?? 0,
    maxLength: Math.min(maxLength ?? 100, 300),
  });
}

const AROUND_NOW = {
  min: new Date('2026-01-01T00:00:00Z'),
  max: new Date('2028-01-01T00:00:00Z'),
  noInvalidDate: true,
};
