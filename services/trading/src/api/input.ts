import express, { type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { invalidRequest, Problem, type FieldError } from '../problem.ts';

const rawBodies = new WeakMap<object, Buffer>();

/**
 * Reads a JSON body: 415 for another type, 413 over 100 kB, 400 when malformed or missing.
 *
 * @param types content types that it may be sent as; `application/json`, as a rule
 */
export function jsonBody(types: readonly string[]): RequestHandler {
  const parse: RequestHandler = express.json({
    type: [...types],
    limit: '100kb',
    // Not inflated: a compressed body could be far larger than its limit, and no client of ours sends one.
    inflate: false,
    verify: (request, _response, body) => {
      rawBodies.set(request, body);
    },
  });
  return (request, response, next) => {
    // `null` means that there is no body at all.
    if (request.is([...types]) === false) {
      throw new Problem({
        status: 415,
        code: 'unsupported-media-type',
        title: 'Unsupported media type',
        detail: 'A JSON body is expected; send "Content-Type: application/json".',
      });
    }
    parse(request, response, next);
  };
}

/** The bytes of a JSON body as they came, for a signature over them. */
export function rawBodyOf(request: Request): Buffer {
  return rawBodies.get(request) ?? Buffer.alloc(0);
}

/** What a schema says when the body is no object; its other complaints keep their own words. */
export const EXPECTED_OBJECT = 'expected a JSON object';

/** A whole number in a path or a query, where everything is text. */
export function wholeNumber(min: number, max: number) {
  const error = `expected a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .refine((text) => /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error,
    })
    .meta({ type: 'integer', minimum: min, maximum: max })
    .transform(Number);
}

/**
 * Checks a part of a request.
 *
 * @throws {Problem} 400, each error naming its field
 */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidRequest(merged(parsed.error.issues.flatMap(fieldErrors)));
}

/** One error a field, which says everything that is wrong with it. */
function merged(errors: FieldError[]): FieldError[] {
  const byField = Map.groupBy(errors, ({ field }) => field);
  return [...byField].map(([field, ofField]) => ({
    field,
    message: [...new Set(ofField.map(({ message }) => message))].join(', and '),
  }));
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    // Shortened, because names that we do not know may be anything.
    return issue.keys.slice(0, 10).map((key) => ({
      field: [...path, key.slice(0, 64)].join('.'),
      message: 'is not known here; leave it out',
    }));
  }
  return [{ field: path.join('.') || 'body', message: issue.message }];
}
