import { outgoingHeaders, setUser } from '@crows-nest/telemetry';

export interface CallOptions {
  body?: unknown;
  /** Idempotency-Key. */
  key?: string;
}

export interface CallAnswer {
  json: unknown;
  /** The JSON of the answer. @throws when it has another status, with the problem's words */
  expect(status: number): unknown;
}

/** A client of the API from outside, as a browser would be. */
export interface Caller {
  /** Whose token goes with every call from now on, and whose id into every log line. */
  identify(token: string, userId: string): void;
  /** @throws when no answer comes before `signal` */
  call(
    signal: AbortSignal,
    method: string,
    path: string,
    options?: CallOptions,
  ): Promise<CallAnswer>;
}

export function createCaller(baseUrl: string): Caller {
  let token: string | undefined;
  return {
    identify(newToken, userId) {
      token = newToken;
      setUser(userId);
    },

    async call(signal, method, path, { body, key } = {}) {
      const headers: Record<string, string> = {};
      // Each call is a request of its own; what belongs together is told by the correlation id.
      const correlationId = outgoingHeaders()['X-Correlation-ID'];
      if (correlationId !== undefined) headers['X-Correlation-ID'] = correlationId;
      if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
      if (key !== undefined) headers['Idempotency-Key'] = key;
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      const response = await fetch(new URL(path, baseUrl), {
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        json: parsed(text),
        expect(status) {
          if (response.status === status) return parsed(text);
          const came = `${response.status} ${text.slice(0, 300)}`;
          throw new Error(`${method} ${path}: expected ${status}, but ${came} came`);
        },
      };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
