import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router } from 'express';

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
  const pages: Record<string, { type: string; body: string | Buffer }> = {
    '/openapi.json': { type: 'application/json', body: json },
    '/docs': { type: 'text/html', body: PAGE },
    '/docs/start.js': { type: 'text/javascript', body: START },
    '/docs/swagger-ui.css': { type: 'text/css', body: file('swagger-ui.css') },
    '/docs/swagger-ui-bundle.js': { type: 'text/javascript', body: file('swagger-ui-bundle.js') },
  };
  const router = Router();
  for (const [path, { type, body }] of Object.entries(pages)) {
    router.get(path, (_request, response) => {
      response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY).type(type).send(body);
    });
  }
  return router;
}

function file(name: string): Buffer {
  return readFileSync(join(FILES, name));
}
