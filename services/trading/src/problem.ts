import { currentContext } from '@crows-nest/telemetry';

/** One field of a request that is wrong. */
export interface FieldError {
  field: string;
  message: string;
}

interface ProblemOptions {
  status: number;
  /** Names the kind of problem; becomes the `type` /problems/<code>. */
  code: string;
  title: string;
  /** What was expected, what came, what to do. Never a secret, never another customer's data. */
  detail: string;
  errors?: FieldError[];
  headers?: Record<string, string>;
  cause?: unknown;
}

/** A refusal that the caller is told about: an RFC 9457 problem. Everything else that is thrown is a fault of ours. */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;

  constructor({ status, code, title, detail, errors, headers, cause }: ProblemOptions) {
    super(detail, { cause });
    this.status = status;
    this.code = code;
    this.title = title;
    this.errors = errors;
    this.headers = headers ?? {};
  }
}

/** A problem as RFC 9457 writes it; `requestId` is what a customer quotes when asking for help. @param instance the path asked */
export function problemBody(problem: Problem, instance: string) {
  const { status, code, title, message, errors } = problem;
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail: message,
    instance,
    requestId: currentContext()?.requestId,
    errors,
  };
}

/** 400: the request as such is wrong; each error names the field. */
export function invalidRequest(errors: FieldError[]): Problem {
  return new Problem({
    status: 400,
    code: 'invalid-request',
    title: 'Invalid request',
    detail: errors.map(({ field, message }) => `${field}: ${message}`).join('; '),
    errors,
  });
}

/** 401: no, or no valid, token. */
export function unauthorized(detail: string): Problem {
  return new Problem({
    status: 401,
    code: 'unauthorized',
    title: 'Unauthorized',
    detail,
    headers: { 'WWW-Authenticate': 'Bearer realm="crows-nest"' },
  });
}

/** 503: not now; `retryAfterSeconds` says when to try again. */
export function unavailable(
  code: string,
  detail: string,
  retryAfterSeconds: number,
  cause?: unknown,
): Problem {
  return new Problem({
    status: 503,
    code,
    title: 'Service unavailable',
    detail,
    headers: { 'Retry-After': String(retryAfterSeconds) },
    cause,
  });
}
