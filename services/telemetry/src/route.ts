import type { Request } from 'express';

type Params = Record<string, unknown>;

/**
 * Reads the template of the route that answers, `/api/trades/:id`, at the moment the router chooses it. Later is too late:
 * on the way to an error handler the router takes back the part of the path that it was mounted on. Of a mount the router
 * only says what matched; where that held parameters (`/users/42/…`), their names are put back in.
 */
export function watchRoute(request: Request): () => string | undefined {
  let route: { path: unknown } | undefined;
  let params = request.params as Params | undefined;
  let template: string | undefined;
  const mountParams: [name: string, value: string][] = [];
  Object.defineProperties(request, {
    route: {
      configurable: true,
      enumerable: true,
      get: () => route,
      set(this: Request, chosen: { path: unknown } | undefined) {
        route = chosen;
        if (chosen !== undefined) {
          template = mountTemplate(this.baseUrl, mountParams) + String(chosen.path);
        }
      },
    },
    params: {
      configurable: true,
      enumerable: true,
      get: () => params,
      set(matched: Params | undefined) {
        params = matched;
        for (const name in matched) mountParams.push([name, String(matched[name])]);
      },
    },
  });
  return () => template;
}

function mountTemplate(baseUrl: string, params: [name: string, value: string][]): string {
  if (params.length === 0) return baseUrl;
  return baseUrl
    .split('/')
    .map((segment) => {
      const param = params.find(([, value]) => value === decoded(segment));
      return param === undefined ? segment : `:${param[0]}`;
    })
    .join('/');
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
