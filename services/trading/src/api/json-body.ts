import express, { type Request, type RequestHandler } from 'express';
import type { z } from 'zod';
import { invalidRequest, Problem, type FieldError } from '../problem.ts';

// Not inflated: a compressed body could be far larger than its limit, and no client of ours sends one.
const parse: RequestHandler = express.json({ limit: '100kb', inflate: false });

/** Reads a JSON body: 415 for another type, 413 over 100 kB, 400 when malformed or missing. */
export const jsonBody: RequestHandler = (request, response, next) => {
  // `null` means that there is no body at all.
  if (request.is('application/json') === false) {
    throw new Problem({
      status: 415,
      code: 'unsupported-media-type',
      title: 'Unsupported media type',
      detail: 'A JSON body is expected; send "Content-Type: application/json".',
    });
  }
  parse(request, response, next);
};

/** What a schema says when the body is no object; its other complaints keep their own words. */
export const EXPECTED_OBJECT = 'expected a JSON object';

/**
 * The body, checked.
 *
 * @throws {Problem} 400, each error naming its field
 */
export function bodyOf<Schema extends z.ZodType>(
  schema: Schema,
  request: Request,
): z.output<Schema> {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap(fieldErrors);
  // One value may break several rules of one meaning.
  const told = new Map(errors.map((error) => [`${error.field}: ${error.message}`, error]));
  throw invalidRequest([...told.values()]);
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
