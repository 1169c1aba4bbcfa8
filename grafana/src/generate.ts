import { catalogue } from './catalogue.ts';
import { build, type Dashboard } from './dashboard.ts';

/** The files of grafana/dashboards: path within it, and content. The same sources always give the same bytes. */
export function generate(): Map<string, string> {
  return new Map(
    catalogue.map((dashboard) => [
      pathOf(dashboard),
      `${JSON.stringify(build(dashboard), withoutDropped, 2)}\n`,
    ]),
  );
}

/** Fields that the SDK fills in, of variables and tables, and that this Grafana no longer has: schema.test.ts finds them. */
const DROPPED = new Set(['auto', 'auto_min', 'auto_count', 'footer']);

function withoutDropped(field: string, value: unknown): unknown {
  return DROPPED.has(field) ? undefined : value;
}

/** Folder and file name are what Grafana's folder and a reader of the repository see. */
export function pathOf(dashboard: Dashboard): string {
  return `${dashboard.folder}/${dashboard.uid}.json`;
}
