import { PopeError } from '../../src/errors.js';
import { parseSafetensorsHeader } from '../../src/models/safetensors.js';
import { randomNumbers } from './check-op.js';
import { JSON_TOKENS } from './fuzz-tokens.js';

const VALUES: unknown[] = [
  -1,
  0,
  1,
  3.5,
  2 ** 31,
  2 ** 53,
  1e308,
  -0,
  null,
  true,
  '',
  'F32',
  'F64',
  'x',
  [],
  {},
  [0],
  [0, 4],
  [4, 0],
  [1e300, 1e300],
  [-4, 4],
  ['0', '4'],
  { dtype: 'F32' },
  '__proto__',
  Number.MAX_SAFE_INTEGER,
];
const TOKENS = [...JSON_TOKENS, '"__proto__":', '"a":{},', '\ud800'];

export interface FuzzResult {
  accepted: number;
  rejected: number;
}

/**
 * Feeds `count` mutated headers to the reader: valid ones with fields replaced, removed, repeated or renamed, with text
 * inserted or deleted, cut off, or beside a file of another size. Throws when the reader throws anything but a `PopeError`,
 * accepts a tensor that reaches outside the file, or pollutes a prototype.
 */
export function mutateSafetensorsHeaders(seed: number, count: number): FuzzResult {
  const result = { accepted: 0, rejected: 0 };
  for (let i = 0; i < count; i++) {
    const { header, fileBytes } = mutant(seed + i);
    try {
      for (const entry of parseSafetensorsHeader('fuzzed', header, fileBytes).values()) {
        if (!(entry.start >= 0 && entry.start <= entry.end && entry.end <= fileBytes)) {
          throw new Error(`seed ${seed + i}: accepted the range [${entry.start}, ${entry.end}) of ${fileBytes} bytes`);
        }
      }
      result.accepted++;
    } catch (error) {
      if (!(error instanceof PopeError)) throw new Error(`seed ${seed + i}: not a PopeError`, { cause: error });
      result.rejected++;
    }
  }
  if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype was polluted');
  return result;
}

function mutant(seed: number): { header: Uint8Array; fileBytes: number } {
  const numbers = randomNumbers(64, seed);
  let used = 0;
  const below = (n: number) => Math.min(n - 1, Math.floor(((numbers[used++ % numbers.length]! + 1) / 2) * n));
  const pick = <T>(list: readonly T[]) => list[below(list.length)]!;

  const header: Record<string, Record<string, unknown> | unknown> = {};
  let position = 0;
  for (let t = below(4); t >= 0; t--) {
    const shape = Array.from({ length: below(3) }, () => below(5));
    const end = position + 4 * shape.reduce((a, b) => a * b, 1);
    header[`h.${t}.weight`] = { dtype: 'F32', shape, data_offsets: [position, end] };
    position = end;
  }
  const name = pick(Object.keys(header));
  const entry = header[name] as Record<string, unknown>;
  const field = pick(['dtype', 'shape', 'data_offsets', 'extra', '__proto__']);
  const kind = below(9);
  if (kind === 0) Object.defineProperty(entry, field, { value: pick(VALUES), enumerable: true });
  if (kind === 1) delete entry[field];
  if (kind === 2)
    Object.defineProperty(header, pick(['__proto__', 'constructor', '__metadata__', 'x']), {
      value: pick([entry, ...VALUES]),
      enumerable: true,
    });
  if (kind === 3) header[name] = pick(VALUES);
  let text = JSON.stringify(header);
  if (kind === 4) text = text.replace('{', `{"${name}":${JSON.stringify(entry)},`);
  const at = below(text.length);
  if (kind === 5) text = text.slice(0, at) + pick(TOKENS) + text.slice(at);
  if (kind === 6) text = text.slice(0, at) + text.slice(at + 1 + below(6));
  const bytes = Buffer.from(kind === 7 ? text.slice(0, at) : text);
  if (below(8) === 0) bytes[below(Math.max(1, bytes.length))] = below(256);
  return { header: bytes, fileBytes: 8 + bytes.length + position + (kind === 8 ? pick([-1, 1, -position, 1e9]) : 0) };
}
