/** Markup that is safe to send as it is: made by `html`, which escapes everything put into it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | Html | undefined | Part[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A template literal that yields markup: every value in it is text, unless it is markup from another `html`. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(String.raw({ raw: strings }, ...parts.map(show)));
}

function show(part: Part): string {
  if (part === undefined) return '';
  if (Array.isArray(part)) return part.map(show).join('');
  return part instanceof Html ? part.text : escapeHtml(String(part));
}
