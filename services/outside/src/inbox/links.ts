import type { Link, LinkKind } from './message.ts';

const bareUrl = /(?:(?<label>[A-Za-z][A-Za-z ]{1,20}):\s+)?(?<url>https?:\/\/[^\s<>"'|\\^`[\]]+)/g;

/** What a link leads to: by its label where it has one that says so, else by the form of its address. */
function kindOf(label: string, url: string): LinkKind {
  for (const kind of ['runbook', 'dashboard', 'silence'] as const) {
    if (label.toLowerCase().includes(kind)) return kind;
  }
  if (/\/runbooks?\//.test(url)) return 'runbook';
  if (url.includes('/silences')) return 'silence';
  if (/\/d\/[\w-]+/.test(url)) return 'dashboard';
  return 'other';
}

const labels: Record<Exclude<LinkKind, 'other'>, string> = {
  runbook: 'Runbook',
  dashboard: 'Dashboard',
  silence: 'Silence',
};

/** A link, or nothing when the address is not plain http(s): `javascript:` in a message must never become clickable. */
export function link(label: string, url: string): Link[] {
  const address = url.trim();
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) return [];
  const kind = kindOf(label, address);
  const shown = kind === 'other' ? label.trim() || new URL(address).host : labels[kind];
  return [{ kind, label: shown, url: address }];
}

/** The addresses that stand in free text, with the word before them as label: `Runbook: https://…`. */
export function linksInText(text: string): Link[] {
  return [...text.matchAll(bareUrl)].flatMap((match) =>
    // A sentence's full stop or closing bracket after an address is not part of it.
    link(match.groups?.['label'] ?? '', (match.groups?.['url'] ?? '').replace(/[).,;:!?]+$/, '')),
  );
}

/** Each address once; what one does next (runbook, dashboard, silence) comes before the rest. */
export function tidy(links: Link[]): Link[] {
  const order: LinkKind[] = ['runbook', 'dashboard', 'silence', 'other'];
  const once = new Map<string, Link>();
  for (const candidate of links) {
    const known = once.get(candidate.url);
    if (known === undefined || known.kind === 'other') once.set(candidate.url, candidate);
  }
  return [...once.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}
