// The fast form of a configuration: the same rules, their windows and waiting times twenty times shorter. Pure: text in, text out.

import { type Document, isScalar, parseDocument, visit } from 'yaml';

/** How many times shorter windows and waiting times are. */
export const factor = 20;

/** How often metrics are scraped and rules evaluated, in seconds; ten with the real windows. */
export const scrapeSeconds = 2;

/** No window and no `for` is made shorter: `rate` needs two samples in it, and one late scrape must neither fire nor resolve. */
const shortestWindow = 3 * scrapeSeconds;

/** The same for what is not counted as often as it is asked for, by how its names begin. */
const shortestWindows: Record<string, number> = {
  // cAdvisor looks each 15 s; ContainerRestarting wants to see four changes.
  container_: 90,
  // Alertmanager tries for ten seconds before it counts a failure.
  alertmanager_: 30,
};

const secondsIn: Record<string, number> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
const part = /(\d+)(ms|[smhdwy])/g;
const duration = /\b(?:\d+(?:ms|[smhdwy]))+\b/g;

/**
 * A duration such as `1h30m`, made shorter, in whole seconds.
 *
 * @param shortest seconds that it stays at least; what was shorter from the first stays as it was
 */
export function scaled(text: string, shortest: number): string {
  const seconds = [...text.matchAll(part)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (secondsIn[unit] ?? NaN),
    0,
  );
  return seconds < shortest ? text : `${Math.max(shortest, Math.ceil(seconds / factor))}s`;
}

// What an expression of Prometheus or Loki consists of, as far as durations go. Texts and comments are found so that nothing in
// them is taken for a window; names, so that a window knows what it is of.
const tokens =
  /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*|[{}]|\[[^\]]*\]|\boffset\s+-?\w+|[a-zA-Z_:][\w:]*/g;

/** An expression of Prometheus or Loki with its ranges, subqueries and offsets made shorter. Numbers stay: a threshold is no window. */
export function scaledExpression(expression: string): string {
  let shortest = shortestWindow;
  let inSelector = false;
  return expression.replace(tokens, (token) => {
    if (token === '{' || token === '}') inSelector = token === '{';
    else if (token.startsWith('[') || /^offset\s/.test(token)) {
      return token.replace(duration, (window) => scaled(window, shortest));
    } else if (!inSelector && /^[a-zA-Z_:]/.test(token)) {
      const [, slow] =
        Object.entries(shortestWindows).find(([name]) => token.startsWith(name)) ?? [];
      shortest = slow ?? shortestWindow;
    }
    return token;
  });
}

/** Replaces the texts that stand under these keys, wherever in the document; everything else, comments too, stays. */
function change(document: Document, changes: Record<string, (text: string) => string>): void {
  visit(document, {
    Pair(_key, { key, value }) {
      const changed = isScalar(key) ? changes[String(key.value)] : undefined;
      if (changed && isScalar(value)) value.value = changed(String(value.value));
    },
  });
}

const asText = (document: Document): string => document.toString({ lineWidth: 0 });

/** A file of rules, of Prometheus or of Loki's ruler. */
export function scaledRules(text: string): string {
  const document = parseDocument(text);
  change(document, {
    expr: scaledExpression,
    for: (time) => scaled(time, shortestWindow),
    keep_firing_for: (time) => scaled(time, shortestWindow),
    interval: (time) => scaled(time, scrapeSeconds),
    query_offset: (time) => scaled(time, 1),
  });
  return asText(document);
}

/** prometheus.yml: asked more often. A job that has an interval of its own keeps it. */
export function scaledPrometheus(text: string): string {
  const document = parseDocument(text);
  for (const name of ['scrape_interval', 'scrape_timeout', 'evaluation_interval']) {
    document.setIn(['global', name], `${scrapeSeconds}s`);
  }
  return asText(document);
}

/** loki.yml: its rules are evaluated more often. */
export function scaledLoki(text: string): string {
  const document = parseDocument(text);
  change(document, { evaluation_interval: () => `${scrapeSeconds}s` });
  return asText(document);
}

/** alertmanager.yml: people are told sooner, and sooner again, and at any hour. */
export function scaledAlertmanager(text: string): string {
  const document = parseDocument(text);
  const sooner = (time: string): string => scaled(time, 1);
  change(document, { group_wait: sooner, group_interval: sooner, repeat_interval: sooner });
  visit(document, {
    Pair: (_key, { key }) =>
      isScalar(key) && key.value === 'active_time_intervals' ? visit.REMOVE : undefined,
  });
  return asText(document);
}
