import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import express, { Router, type Response } from 'express';
import { Marked } from 'marked';
import { z } from 'zod';

import { escapeHtml, Html, html } from '../html.ts';
import type { Heartbeat } from '../inbox/heartbeat.ts';
import type { Inbox } from '../inbox/inbox.ts';
import { channels, severities } from '../inbox/message.ts';
import { filterOf, inboxPage, layout } from './page.ts';

/** As many as one would scroll through; the API gives all. */
const shown = 200;

// An unknown value in the address shows the default rather than an error: it is a page, and people edit addresses.
const query = z.object({
  show: z.enum(['alerts', 'all', ...channels]).catch('alerts'),
  severity: z.enum(severities).optional().catch(undefined),
});

/** Named as alerts are, so a README is none. */
const runbookFile = /^([A-Z][a-z][A-Za-z]*)\.md$/;

const markdown = new Marked({
  renderer: {
    // Runbooks are ours, yet HTML in them is shown as text: the page then needs no trust in any file.
    html: ({ text }) => escapeHtml(text),
    // They link to each other as files. Other documents are not here: their names stay.
    link({ href, tokens }) {
      if (/^https?:/.test(href)) return false;
      const text = this.parser.parseInline(tokens);
      const [, runbook] = runbookFile.exec(href) ?? [];
      return runbook === undefined ? text : `<a href="/runbooks/${runbook}">${text}</a>`;
    },
  },
});

export interface PageDependencies {
  inbox: Inbox;
  heartbeat: Heartbeat;
  /** Markdown files named `<Alert>.md`. */
  runbooksDirectory: string | undefined;
}

/** The inbox page at `/`, its files, and the runbooks that alerts link to. */
export function pageRoutes({ inbox, heartbeat, runbooksDirectory }: PageDependencies): Router {
  const router = Router();
  router.use(
    express.static(path.join(import.meta.dirname, 'public'), { maxAge: '5m', index: false }),
  );

  router.get('/', (request, response) => {
    const view = query.parse(request.query);
    send(response, 200, inboxPage(view, inbox.list(filterOf(view), shown), heartbeat.status()));
  });

  router.get('/runbooks', async (_request, response) => {
    send(response, 200, listPage('Runbooks', await runbooks(runbooksDirectory)));
  });

  router.get('/runbooks/:alert', async (request, response) => {
    const known = await runbooks(runbooksDirectory);
    const { alert } = request.params;
    // Only a name that was found in the directory is ever read.
    if (runbooksDirectory === undefined || !known.includes(alert)) {
      send(response, 404, listPage(`There is no runbook for “${alert}”`, known));
      return;
    }
    const source = await readFile(path.join(runbooksDirectory, `${alert}.md`), 'utf8');
    const body = new Html(await markdown.parse(source));
    send(response, 200, layout(alert, frame(html`<article class="runbook">${body}</article>`)));
  });
  return router;
}

async function runbooks(directory: string | undefined): Promise<string[]> {
  if (directory === undefined) return [];
  const files = await readdir(directory).catch(() => []);
  return files.flatMap((file) => runbookFile.exec(file)?.[1] ?? []).sort();
}

function listPage(title: string, names: string[]): Html {
  const list =
    names.length > 0
      ? html`<ul>
          ${names.map((name) => html`<li><a href="/runbooks/${name}">${name}</a></li>`)}
        </ul>`
      : html`<p>
          No runbooks are mounted here: set RUNBOOKS_DIRECTORY to a directory of Markdown files.
        </p>`;
  return layout(
    title,
    frame(
      html`<article class="runbook">
        <h1>${title}</h1>
        ${list}
      </article>`,
    ),
  );
}

function frame(body: Html): Html {
  return html`<header class="top">
      <div class="bar">
        <a class="brand" href="/"
          ><img src="/logo.svg" alt="" width="36" height="36" /><span
            ><strong>Inbox</strong><small>Crow’s Nest</small></span
          ></a
        >
        <a class="state" href="/runbooks">all runbooks</a>
      </div>
    </header>
    <main>${body}</main>`;
}

function send(response: Response, status: number, page: Html): void {
  response.status(status).type('html').set('Cache-Control', 'no-store').send(page.text);
}
