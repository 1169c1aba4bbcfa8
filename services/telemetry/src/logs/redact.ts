/** What stands in place of what must not be seen. */
export const REDACTED = '[REDACTED]';

/** Names of fields, headers and variables whose value is nobody's business, in any spelling. */
const SECRET_WORDS =
  'passw(?:or)?d|passphrase|(?:\\b|_)(?:pass|pw|sid)\\b|pwd|secret|token|authori[sz]ation|cookie|credential|' +
  'api[-_ ]?key|private[-_ ]?key|session[-_ ]?(?:id|key)|card[-_ ]?(?:number|no)|cvv|cvc|e[-_]?mail';
const SECRET_NAME = new RegExp(SECRET_WORDS, 'i');

/** Cheap first look: text without any of these cannot hold a secret that the patterns below would find. */
const SUSPICIOUS =
  /[@=:]|->|%40|%3|['"], ?['"]|\d{4}|eyJ|bearer |basic | is |pass|token|secret|key/i;

const SCHEME = /\b(bearer|basic|digest|negotiate)\s+[A-Za-z0-9._~+/=-]{4,}/gi;
const JWT = /\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*/g;
const URL_LOGIN = /:\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/g;
/** In any script; the last part begins with a letter, which tells an address from a release (`api@1.2.3`). */
const EMAIL =
  /[\p{L}\p{N}._%+-]{1,64}(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}[\p{L}\p{N}-]{1,62}/gu;
const CARD = /(?<![\w.])(?:\d[ -]?){12,18}\d(?![\w])/g;
const COOKIE_HEADER = /\b((?:set-)?cookie["']?\s*:\s*)[^\r\n]+/gi;
/** What V8 quotes of a text that is not JSON: a body without the names that would tell what is secret in it. */
const NOT_JSON = /, (?:\.{3})?".{0,200}?"(?:\.{3})? is not valid JSON/gs;
/** Name and value as in JSON, forms, URLs, prose, what `util.inspect` shows (`'name' => …`, `'name', '…'`) and PostgreSQL's errors (`(name)=(…)`). */
const NAMED_VALUE = new RegExp(
  `((?:${SECRET_WORDS})[\\w-]{0,32}(?:\\\\*["']|%22)?\\s*` +
    `(?:=>|->|[:=]|%3[AD]|\\)=\\(|\\bis\\b|(?<=["']),(?=\\s*["']))\\s*)` +
    `(?:\\[REDACTED\\]|\\\\*"[^"]*"|'[^']*'|\\{[^{}]*\\}|\\[[^[\\]]*\\]|[^\\s,;&"'}\\])]+)`,
  'gi',
);
/** `token 4f8a…`, `/token/4f8a…`: without a sign between them only what is quoted, or long and with digits. */
const FOLLOWING_VALUE = new RegExp(
  `((?:${SECRET_WORDS})(?:\\s+|/))(?:"[^"]{4,}"|'[^']{4,}'|(?=[^\\s/]*\\d)[\\w.~+=-]{16,})`,
  'gi',
);

/** In this order; each looked for only where its hint, which costs next to nothing, says that it may be there. */
const PATTERNS: readonly {
  hint: RegExp;
  pattern: RegExp;
  safe: (found: string, before: string) => string;
}[] = [
  { hint: /is not valid JSON/, pattern: NOT_JSON, safe: () => `, ${REDACTED} is not valid JSON` },
  { hint: /cookie/i, pattern: COOKIE_HEADER, safe: (_found, name) => name + REDACTED },
  {
    hint: /bearer|basic|digest|negotiate/i,
    pattern: SCHEME,
    safe: (_found, scheme) => `${scheme} ${REDACTED}`,
  },
  { hint: /eyJ/, pattern: JWT, safe: () => REDACTED },
  { hint: /:\/\//, pattern: URL_LOGIN, safe: () => `://${REDACTED}@` },
  { hint: SECRET_NAME, pattern: NAMED_VALUE, safe: (_found, name) => name + REDACTED },
  { hint: SECRET_NAME, pattern: FOLLOWING_VALUE, safe: (_found, name) => name + REDACTED },
  { hint: /@|%40/, pattern: EMAIL, safe: () => REDACTED },
  { hint: /\d{4}/, pattern: CARD, safe: (digits) => hideCard(digits) },
];

/** Deeper structures, longer lists and longer texts are cut: a log line is for reading. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
const MAX_TEXT = 16_384;

/** Names come from code and repeat for ever; those that come from data must not fill the memory. */
const NAMES_REMEMBERED = 2_000;
const names = new Map<string, Name>();

/** What there is to know of the name of a field, header or variable. */
interface Name {
  /** Whether it holds a secret. */
  secret: boolean;
  /** The name itself, redacted. */
  shown: string;
  /** Whether its value is a name again, as in `{ name: 'authorization', value: '…' }`; and whether it is the value there. */
  label: boolean;
  labelled: boolean;
}

/** Whether a field, header or variable of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return known(name).secret;
}

/** {@link redactText} for a name: of a field, a variable or a span. */
export function redactName(name: string): string {
  return known(name).shown;
}

function known(text: string): Name {
  const found = names.get(text);
  if (found !== undefined) return found;
  const name: Name = {
    secret: SECRET_NAME.test(text),
    shown: redactText(text),
    label: /^(?:name|key|header|field)$/i.test(text),
    labelled: /^values?$/i.test(text),
  };
  if (names.size < NAMES_REMEMBERED) names.set(text, name);
  return name;
}

/** Replaces passwords, tokens, cookies, logins in URLs, e-mail addresses and card numbers in free text. */
export function redactText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  if (!SUSPICIOUS.test(cut)) return cut;
  return PATTERNS.reduce(
    (rest, { hint, pattern, safe }) => (hint.test(rest) ? rest.replace(pattern, safe) : rest),
    cut,
  );
}

/**
 * A copy of any value that is safe to write as JSON: secrets replaced, by the name they stand under and by what they look
 * like; errors with stack and cause; maps, sets and headers as plain structures; cycles, functions and binary data named.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0, new Set());
}

function copy(value: unknown, depth: number, above: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'number':
      return value >= 1e12 && isCardNumber(String(value)) ? REDACTED : value;
    case 'bigint':
      return redactText(value.toString());
    case 'symbol':
    case 'function':
      return `[${typeof value}]`;
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (above.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[too deep]';
  above.add(value);
  try {
    return copyObject(value, depth + 1, above);
  } catch (error) {
    // A getter or toJSON that throws must not take the line with it.
    return `[unreadable: ${error instanceof Error ? error.name : 'error'}]`;
  } finally {
    above.delete(value);
  }
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (Array.isArray(value)) return copyList(value, depth, above);
  if (value instanceof Error) return copyError(value, depth, above);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
    const pairs = [...(value as Iterable<[unknown, unknown]>)];
    return copyFields(
      pairs.map(([key, field]) => [String(key), field]),
      depth,
      above,
    );
  }
  if (isWrittenBuffer(value)) return `[${value.data.length} bytes]`;
  if (value instanceof Set) return copyList([...value], depth, above);
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return copy((value as { toJSON: () => unknown }).toJSON(), depth, above);
  }
  return copyFields(Object.entries(value), depth, above);
}

function copyList(items: unknown[], depth: number, above: Set<object>): unknown[] {
  // `rawHeaders` and header pairs: the name stands before its value in the list.
  const copied = items.slice(0, MAX_ITEMS).map((item, index) => {
    const before = items[index - 1];
    const named = typeof before === 'string' && isBareName(before) && isSecretName(before);
    return named && item !== null && item !== undefined ? REDACTED : copy(item, depth, above);
  });
  if (items.length > MAX_ITEMS) copied.push(`[${items.length - MAX_ITEMS} more]`);
  return copied;
}

function copyFields(
  fields: [string, unknown][],
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  const copied: Record<string, unknown> = {};
  // `{ name: 'authorization', value: '…' }`: the name is a value itself.
  const label = fields.find(([key]) => known(key).label)?.[1];
  const ofSecret = typeof label === 'string' && isBareName(label) && isSecretName(label);
  for (const [key, field] of fields) {
    const { secret, shown, labelled } = known(key);
    copied[shown] = secret || (ofSecret && labelled) ? hide(field) : copy(field, depth, above);
  }
  return copied;
}

function copyError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  return copyFields(
    [
      ['name', error.name],
      ['message', error.message],
      ['stack', error.stack],
      ...(error.cause === undefined ? [] : [['cause', error.cause] satisfies [string, unknown]]),
      ...Object.entries(error),
    ],
    depth,
    above,
  );
}

/** Under a secret name only absence and a bare yes or no may be seen. */
function hide(value: unknown): unknown {
  return value === null || value === undefined || typeof value === 'boolean' ? value : REDACTED;
}

/** What `JSON.stringify` makes of a Buffer. */
function isWrittenBuffer(value: object): value is { data: unknown[] } {
  return 'type' in value && value.type === 'Buffer' && 'data' in value && Array.isArray(value.data);
}

/** Digits in groups: all of them may be one card's number, or some beside another number (`/cards/4111111111111111 500`). */
function hideCard(digits: string): string {
  const parts = digits.split(/([ -])/);
  for (let count = parts.length; count > 0; count -= 2) {
    for (let start = 0; start + count <= parts.length; start += 2) {
      if (isCardNumber(parts.slice(start, start + count).join(''))) {
        return parts.toSpliced(start, count, REDACTED).join('');
      }
    }
  }
  return digits;
}

function isBareName(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text);
}

/**
 * Whether these 13 to 19 digits, with or without blanks and hyphens, pass the Luhn check (ISO/IEC 7812-1) and begin as
 * payment cards do (2 to 6 or 8), which times in milliseconds do not.
 */
export function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  if (!/^[2-68]\d{12,18}$/.test(digits)) return false;
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = Number(digits[digits.length - 1 - place]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += place % 2 === 1 ? doubled : digit;
  }
  return sum % 10 === 0;
}
