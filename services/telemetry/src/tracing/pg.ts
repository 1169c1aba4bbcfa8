import { type Span, SpanKind, trace } from '@opentelemetry/api';
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  isWrapped,
} from '@opentelemetry/instrumentation';
import { bindContext } from '../context.ts';
import { failSpan } from './span.ts';

type Callback = (error: Error | null | undefined, ...results: unknown[]) => void;
type Query = (this: unknown, ...parameters: unknown[]) => unknown;
type Connect = (this: unknown, callback?: Callback) => unknown;
interface Patchable {
  prototype: { query: Query; connect: Connect };
}
/** As `require` gives it, or as `import` does. */
type Loaded<T> = T & { default?: T };

/**
 * A span for each SQL statement below a span that is kept, named as the statement is (`{ name, text }`), else by its first
 * word. Made for cost: nothing happens for a request that is not sampled, and a span has two attributes. Waiting for a
 * connection is a metric (db_pool_waiting_requests), not a span.
 */
export class PgInstrumentation extends InstrumentationBase {
  constructor() {
    super('@crows-nest/telemetry/pg', '0.1.0', {});
  }

  protected override init(): InstrumentationNodeModuleDefinition[] {
    return [
      new InstrumentationNodeModuleDefinition(
        'pg',
        ['>=8 <9'],
        (module: Loaded<{ Client: Patchable }>) => {
          const { prototype } = (module.default ?? module).Client;
          if (!isWrapped(prototype.query))
            this._wrap(prototype, 'query', (query) => this.#traced(query));
          return module;
        },
      ),
      new InstrumentationNodeModuleDefinition(
        'pg-pool',
        ['>=3 <4'],
        (module: Loaded<Patchable>) => {
          const { prototype } = module.default ?? module;
          if (!isWrapped(prototype.connect)) this._wrap(prototype, 'connect', bound);
          return module;
        },
      ),
    ];
  }

  #traced(query: Query): Query {
    const { tracer } = this;
    return function (...parameters) {
      // Traced or not: a callback runs as who asked, and not as who opened the connection.
      const last = parameters.length - 1;
      const given = parameters[last];
      const callback = typeof given === 'function' ? bindContext(given as Callback) : undefined;
      if (callback !== undefined) parameters[last] = callback;
      const statement = statementOf(parameters[0]);
      if (statement === undefined || trace.getActiveSpan()?.isRecording() !== true) {
        return query.apply(this, parameters);
      }
      const { name, text } = statement;
      const span = tracer.startSpan(name ?? /^\s*(\w+)/.exec(text)?.[1] ?? 'query', {
        kind: SpanKind.CLIENT,
        attributes: { 'db.system.name': 'postgresql', 'db.query.text': text },
      });
      if (callback !== undefined) {
        parameters[last] = (error: Error | undefined, ...results: unknown[]) => {
          end(span, error);
          callback(error, ...results);
        };
        return query.apply(this, parameters);
      }
      return (query.apply(this, parameters) as Promise<unknown>).then(
        (result) => {
          end(span);
          return result;
        },
        (error: unknown) => {
          end(span, error as Error);
          throw error;
        },
      );
    };
  }
}

/** Of what a query was asked by; undefined for cursors and streams, which have a life of their own. */
function statementOf(query: unknown): { name?: string; text: string } | undefined {
  if (typeof query === 'string') return { text: query };
  if (typeof query !== 'object' || query === null || 'submit' in query || 'callback' in query)
    return undefined;
  return 'text' in query && typeof query.text === 'string'
    ? (query as { text: string })
    : undefined;
}

/** Who waited for a connection goes on as itself, and not as the request that gave it back. */
function bound(connect: Connect): Connect {
  return function (callback) {
    return connect.call(this, callback && bindContext(callback));
  };
}

function end(span: Span, error?: (Error & { code?: string }) | null): void {
  if (error) {
    failSpan(span, error);
    if (error.code !== undefined) span.setAttribute('error.type', error.code);
  }
  span.end();
}
