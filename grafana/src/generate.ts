import { catalogue } from './catalogue.ts';
import { build, type Dashboard } from './dashboard.ts';

/** The files of grafana/dashboards: path within it, and content. The same sources always give the same bytes. */
export function generate(): Map<string, string> {
  return new Map(
    catalogue.map((dashboard) => [
      pathOf(dashboard),
      `${JSON.stringify(build(dashboard), null, 2)}\n`,
    ]),
  );
}

/** Folder and file name are what Grafana's folder and a reader of the repository see. */
export function pathOf(dashboard: Dashboard): string {
  return `${dashboard.folder}/${dashboard.uid}.json`;
}
