import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router, type RequestHandler } from 'express';

const FILES = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Crow's Nest: the API</title>
  <link rel="stylesheet" href="/docs/swagger-ui.css">
  <div id="api"></div>
  <script src="/docs/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, tryItOutEnabled: true });
`;

// Swagger UI puts style elements and its icons (data: URLs) into the page; scripts come from our own files alone.
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The API's description: `/openapi.json` for programs, `/docs` (Swagger UI) for people. */
export function docsRoutes(document: object): Router {
  const json = JSON.stringify(document, undefined, 2);
  const pages = new Map<string, { type: string; body: string | Buffer }>([
    ['/openapi.json', { type: 'application/json', body: json }],
    ['/docs', { type: 'text/html', body: PAGE }],
    ['/docs/start.js', { type: 'text/javascript', body: START }],
    ['/docs/swagger-ui.css', { type: 'text/css', body: file('swagger-ui.css') }],
    ['/docs/swagger-ui-bundle.js', { type: 'text/javascript', body: file('swagger-ui-bundle.js') }],
  ]);
  const send: RequestHandler = (request, response, next) => {
    const page = pages.get(request.path.replace(/\/$/, ''));
    if (!page) {
      next();
      return;
    }
    response
      .set('Content-Security-Policy', CONTENT_SECURITY_POLICY)
      .type(page.type)
      .send(page.body);
  };
  const router = Router();
  // One route for the files of the page: with one each they would be as many series as endpoints.
  for (const path of ['/openapi.json', '/docs', '/docs/:file']) router.get(path, send);
  return router;
}

function file(name: string): Buffer {
  return readFileSync(join(FILES, name));
}
