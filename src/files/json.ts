/** Deeper than any real file, shallow enough for every recursive consumer such as JSON.stringify. */
const MAX_DEPTH = 100;

/** Values of one text. Small values take a hundred times their text in memory, so its length says too little. */
const MAX_VALUES = 5_000_000;

/** Why a text is not the JSON that is read here; the message completes "not JSON that can be used: ". */
export class JsonProblem extends Error {}

/**
 * Parses JSON that may come from anybody. Beyond `JSON.parse` it refuses what is valid and yet does harm: nesting without
 * end, values without number, a key that one object has twice (of which the last would win without a word), half a surrogate
 * pair (which no file can hold), and a key `__proto__` (which an assignment takes for the prototype; a number there is
 * harmless, and a vocabulary may have such a word).
 *
 * @param keepsPrototypes whether the caller puts keys nowhere but into a `Map`
 * @param keepsSurrogates whether the caller itself looks at the texts that it takes
 * @throws JsonProblem
 */
export function parseForeignJson(text: string, { keepsPrototypes = false, keepsSurrogates = false } = {}): unknown {
  const keys = scan(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new JsonProblem((error as Error).message, { cause: error });
  }
  const checked = check(value, {
    surrogates: !keepsSurrogates && ESCAPED_SURROGATE.test(text),
    prototypes: !keepsPrototypes,
  });
  if (keys !== checked) throw new JsonProblem(`the key ${JSON.stringify(duplicateKey(text))} twice`);
  return value;
}

const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;
/** With the u flag a pair of surrogates is one character, so this finds only those without a partner. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Counts the keys of a JSON text before anything is made of it. @throws JsonProblem for too much depth or too many values */
function scan(text: string): number {
  let keys = 0;
  let values = 1;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === COLON) keys++;
    else if (code === COMMA) values++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      values++;
      if (++depth > MAX_DEPTH) throw new JsonProblem(`more than ${MAX_DEPTH} levels of nesting`);
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
  if (values > MAX_VALUES) throw new JsonProblem(`more than ${MAX_VALUES} values`);
  return keys;
}

/** Place of the quote that ends the string which begins at `start`; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Walks a parsed value and returns the number of its keys. @throws JsonProblem */
function check(value: unknown, { surrogates, prototypes }: { surrogates: boolean; prototypes: boolean }): number {
  let keys = 0;
  const refuseLone = (text: string) => {
    if (surrogates && LONE_SURROGATE.test(text)) throw new JsonProblem('half a surrogate pair');
  };
  const walk = (value: unknown): void => {
    if (typeof value === 'string') refuseLone(value);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) walk(item);
      return;
    }
    for (const key of Object.keys(value)) {
      const item: unknown = (value as Record<string, unknown>)[key];
      keys++;
      refuseLone(key);
      if (prototypes && key === '__proto__' && typeof item !== 'number') {
        throw new JsonProblem('a key __proto__, which is not safe to copy');
      }
      walk(item);
    }
  };
  walk(value);
  return keys;
}

/** The first key that one object of a valid JSON text holds twice. */
function duplicateKey(text: string): string | null {
  // One set of keys per open object; null stands for an open array.
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === OPEN_BRACE) open.push(new Set());
    else if (code === OPEN_BRACKET) open.push(null);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) open.pop();
    else if (code === QUOTE) {
      const start = i;
      i = endOfString(text, i);
      const keys = open.at(-1);
      if (!keys || !isFollowedByColon(text, i + 1)) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

function isFollowedByColon(text: string, position: number): boolean {
  while (' \t\n\r'.includes(text[position] ?? 'end')) position++;
  return text[position] === ':';
}
