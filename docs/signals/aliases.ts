import { readFileSync } from 'node:fs';
import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';

const RULES = new URL('../../prometheus/rules/aliases.yml', import.meta.url);

/** Another name for something that is measured. */
export interface Alias {
  name: string;
  /** The comment before the rule. */
  meaning: string;
  expr: string;
}

/** The recording rules of prometheus/rules/aliases.yml, each with the comment before it. */
export function aliases(): Alias[] {
  const groups = parseDocument(readFileSync(RULES, 'utf8')).get('groups');
  if (!isSeq<YAMLMap>(groups)) throw new Error('aliases.yml has no groups');
  return groups.items.flatMap((group) => {
    const rules = group.get('rules');
    if (!isSeq(rules)) throw new Error('A group of aliases.yml has no rules');
    return rules.items.filter(isMap).map((rule, index) => ({
      name: String(rule.get('record')),
      // What stands before the first item stands before the list.
      meaning: words(rule.commentBefore ?? (index === 0 ? rules.commentBefore : undefined)),
      expr: words(String(rule.get('expr'))),
    }));
  });
}

function words(text: string | null | undefined): string {
  return (text ?? '').replaceAll(/\s+/g, ' ').trim();
}
