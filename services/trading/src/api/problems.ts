import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Telemetry } from '@crows-nest/telemetry';
import { isDatabaseUnavailable } from '../database.ts';
import { Problem, problemBody, unavailable } from '../problem.ts';

/** Answers with an RFC 9457 problem. */
function sendProblem(response: Response, problem: Problem): void {
  const body = problemBody(problem, response.req.path);
  response
    .status(problem.status)
    .set(problem.headers)
    .type('application/problem+json')
    .send(JSON.stringify(body));
}

/** 404 for paths that do not exist. */
export const notFound: RequestHandler = () => {
  throw new Problem({
    status: 404,
    code: 'not-found',
    title: 'Not found',
    detail: 'There is nothing at this path.',
  });
};

/** 405 for a path that exists, asked by another method. */
export function methodNotAllowed(...allowed: string[]): RequestHandler {
  return (request) => {
    throw new Problem({
      status: 405,
      code: 'method-not-allowed',
      title: 'Method not allowed',
      detail: `${request.method} is not possible here. Allowed: ${allowed.join(', ')}.`,
      headers: { Allow: allowed.join(', ') },
    });
  };
}

/** The last handler: every error becomes a problem, and what is our fault is recorded with its stack. */
export function problems(telemetry: Pick<Telemetry, 'recordError'>): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const problem = toProblem(error);
    telemetry.recordError(response, problem.status >= 500 ? (problem.cause ?? problem) : problem);
    // Too late to say anything: Express then cuts the connection, so that nobody takes half an answer for a whole one.
    if (response.headersSent) {
      next(error);
      return;
    }
    sendProblem(response, problem);
  };
}

/** What a caller is told of an error: itself when it is a problem; 503 when Postgres is away; otherwise 500, with the error as its cause. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseUnavailable(error)) {
    return unavailable(
      'database-unavailable',
      'The books cannot be reached right now. Try again in a moment.',
      1,
      error,
    );
  }
  const ofRequest = requestProblem(error);
  if (ofRequest) return ofRequest;
  return new Problem({
    status: 500,
    code: 'internal-error',
    title: 'Internal error',
    detail: 'Something went wrong on our side. Quote the requestId when you ask for help.',
    cause: error,
  });
}

const REQUEST_PROBLEMS: Record<number, { code: string; title: string; detail: string }> = {
  400: {
    code: 'malformed-request',
    title: 'Malformed request',
    detail: 'The request cannot be read: its JSON, or an escape in its path, is malformed.',
  },
  413: {
    code: 'body-too-large',
    title: 'Body too large',
    detail: 'A body of at most 100 kB is expected.',
  },
  415: {
    code: 'unsupported-media-type',
    title: 'Unsupported media type',
    detail: 'A body of type application/json in UTF-8, not compressed, is expected.',
  },
};

/** Errors of Express and its body parser say by `status` what is wrong with the request. */
function requestProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error && 'status' in error && typeof error.status === 'number'))
    return undefined;
  const { status } = error;
  if (status < 400 || status >= 500) return undefined;
  const known = REQUEST_PROBLEMS[status];
  if (known) return new Problem({ status, ...known, cause: error });
  return new Problem({
    status,
    code: 'refused',
    title: 'Refused',
    detail: error.message,
    cause: error,
  });
}
