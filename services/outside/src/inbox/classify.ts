import type { Severity, Status } from './message.ts';

/**
 * Firing or resolved, as Alertmanager's templates say it: `[FIRING:2] …`, `[RESOLVED] …`.
 * Nothing for a message that is not an alert.
 */
export function statusIn(text: string): Status | undefined {
  const word = /\[(firing|resolved)\b/i.exec(text) ?? /^\W*(firing|resolved)\b/i.exec(text);
  return word?.[1]?.toLowerCase() as Status | undefined;
}

/** The severity that a text names: `Severity: critical`, `severity = "warning"`. */
export function severityIn(text: string): Severity | undefined {
  const word = /\bseverity\b["'*]?\s*[:=]\s*["'*]?\s*(critical|error|warning|info)\b/i.exec(
    text,
  )?.[1];
  return word === undefined ? undefined : severityOf(word);
}

/** Our three severities for the words that others use; PagerDuty's `error` wakes people as `critical` does. */
export function severityOf(word: string): Severity | undefined {
  switch (word.toLowerCase()) {
    case 'critical':
    case 'error':
    case 'danger':
      return 'critical';
    case 'warning':
    case 'warn':
      return 'warning';
    case 'info':
      return 'info';
    default:
      return undefined;
  }
}
