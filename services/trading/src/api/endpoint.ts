import { once } from 'node:events';
import type { Request, RequestHandler, Response, Router } from 'express';
import type { z } from 'zod';
import type { Session } from '../auth/sessions.ts';
import type { KeptAnswer } from '../idempotency/idempotency.ts';
import { invalidRequest } from '../problem.ts';
import { checked, jsonBody } from './input.ts';
import { methodNotAllowed } from './problems.ts';

/** What an endpoint answers with a status: in words, and as a schema; without one there is no body. */
export interface Answer {
  description: string;
  schema?: z.ZodType;
}

/**
 * One method of one path: what it takes and what it answers. Requests are checked against it, and the OpenAPI document is made
 * from it (`openapi.ts`), so that neither can say what the other does not do.
 */
export interface EndpointDescription {
  method: 'get' | 'post' | 'put' | 'delete';
  /** In Express' notation: `/api/orders/:id`. */
  path: string;
  /** Unique; what generated clients call it. */
  operationId: string;
  /** The group it is listed under. */
  tag: string;
  summary: string;
  description?: string;
  /** Needs a bearer token. */
  session?: boolean;
  /** Needs something else that says who calls. */
  guard?: Guard;
  /** Needs an Idempotency-Key, under which its answer is kept for 24 hours. */
  idempotencyKey?: boolean;
  /** Of the path; an object schema. */
  params?: z.ZodObject;
  /** Of the query; an object schema, strict, so that a misspelt one is told. Without it the query is not looked at. */
  query?: z.ZodObject;
  /** A JSON body. */
  body?: z.ZodType;
  /** The content types that it may be sent as, if not `application/json` alone. */
  bodyTypes?: readonly string[];
  /** Answers that are no problem, by status. */
  answers: Record<number, Answer>;
  /** Problems of its own, by status: those that follow from the rest (400, 401, 413, 415, 503) need not be named. */
  problems?: Record<number, string>;
}

/** Lets only those call who may, where they are no customers. Asked before anything else of the request is looked at. */
export interface Guard {
  /** Its name among the securitySchemes of the OpenAPI document. */
  scheme: string;
  /** @throws {Problem} 401 */
  check(request: Request): void;
}

/** An answer of JSON; without `json` there is no body. */
export interface JsonReply {
  status: number;
  json?: unknown;
  headers?: Record<string, string>;
}

/** JSON that is too long to be held in memory: its parts are made as fast as the caller takes them. */
export interface StreamReply {
  status: number;
  parts: AsyncIterable<string>;
  headers?: Record<string, string>;
}

export type Reply = JsonReply | KeptAnswer | StreamReply;

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** A request, checked. */
export interface Call<Description extends EndpointDescription> {
  params: Output<Description['params']>;
  query: Output<Description['query']>;
  body: Output<Description['body']>;
  session: Description['session'] extends true ? Session : undefined;
  idempotencyKey: Description['idempotencyKey'] extends true ? string : undefined;
  /** For what few need: the address, the path, a header. */
  request: Request;
}

export interface Endpoint extends EndpointDescription {
  handle(request: Request, session: Session | undefined): Promise<Reply>;
}

/** An endpoint with its handler, whose arguments have the types that the description gives them. */
export function endpoint<const Description extends EndpointDescription>(
  description: Description,
  handler: (call: Call<Description>) => Promise<Reply>,
): Endpoint {
  const { params, query, body, idempotencyKey } = description;
  return {
    ...description,
    handle: (request, session) =>
      handler({
        params: params && checked(params, request.params),
        query: query && checked(query, request.query),
        idempotencyKey: idempotencyKey ? idempotencyKeyOf(request) : undefined,
        body: body && checked(body, request.body),
        session,
        request,
      } as Call<Description>),
  };
}

/** Finds whose request it is. @throws {Problem} 401 */
export type Authenticate = (request: Request) => Promise<Session>;

/** Puts the endpoints on the router; a method that a path does not have is answered with 405. */
export function mount(router: Router, endpoints: Endpoint[], authenticate: Authenticate): void {
  const paths = Map.groupBy(endpoints, ({ path }) => path);
  for (const [path, ofPath] of paths) {
    const route = router.route(path);
    for (const each of ofPath) {
      const respond: RequestHandler = async (request, response) => {
        const session = each.session ? await authenticate(request) : undefined;
        await send(response, await each.handle(request, session));
      };
      const guarded: RequestHandler = (request, _response, next) => {
        each.guard?.check(request);
        next();
      };
      const handlers = each.body ? [jsonBody(bodyTypesOf(each)), respond] : [respond];
      route[each.method](guarded, ...handlers);
    }
    const methods = ofPath.map(({ method }) => method.toUpperCase());
    if (methods.includes('GET')) methods.push('HEAD');
    route.all(methodNotAllowed(...methods));
  }
}

export function bodyTypesOf({ bodyTypes = ['application/json'] }: Endpoint): readonly string[] {
  return bodyTypes;
}

async function send(response: Response, reply: Reply): Promise<void> {
  response.status(reply.status);
  if ('replayed' in reply) {
    if (reply.replayed) response.set('Idempotency-Replayed', 'true');
    const type = reply.status < 400 ? 'application/json' : 'application/problem+json';
    response.type(type).send(reply.body);
    return;
  }
  if (reply.headers) response.set(reply.headers);
  if ('parts' in reply) await sendParts(response, reply.parts);
  else if (reply.json === undefined) response.end();
  else response.json(reply.json);
}

/** How long a caller may take nothing of a long answer before it is cut off. */
const STALLED_MS = 30_000;

/** Asks for the next part only when the caller has taken enough of those before it. */
async function sendParts(response: Response, parts: AsyncIterable<string>): Promise<void> {
  response.type('application/json');
  if (response.req.method !== 'HEAD') {
    const left = new AbortController();
    response.once('close', () => {
      left.abort();
    });
    for await (const part of parts) {
      if (left.signal.aborted) return;
      if (response.write(part)) continue;
      const signal = AbortSignal.any([left.signal, AbortSignal.timeout(STALLED_MS)]);
      await once(response, 'drain', { signal });
    }
  }
  response.end();
}

/** What an Idempotency-Key looks like: a header that came twice has a space in it, and is refused. */
export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,128}$/;

function idempotencyKeyOf(request: Request): string {
  const key = request.get('Idempotency-Key') ?? '';
  if (!IDEMPOTENCY_KEY_PATTERN.test(key)) {
    const message = 'expected one header of 1 to 128 visible ASCII characters, new for each order';
    throw invalidRequest([{ field: 'Idempotency-Key', message }]);
  }
  return key;
}
