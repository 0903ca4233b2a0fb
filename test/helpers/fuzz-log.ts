import { writeFile } from 'node:fs/promises';
import { LoggedDataset } from '../../src/data/dataset.js';
import { decodeLine, splitLines } from '../../src/data/lines.js';
import { parseSlate } from '../../src/data/schema.js';
import type { Slate } from '../../src/data/slate.js';
import { PopeError } from '../../src/errors.js';
import { Random } from '../../src/estimators/random.js';
import { REWARDS, slateReward } from '../../src/reward/index.js';
import { JSON_TOKENS } from './fuzz-tokens.js';

export interface FuzzResult {
  /** Lines or files that were read. */
  accepted: number;
  /** Rejections by error code. */
  rejected: Record<string, number>;
}

/** A case that takes longer has hung. */
const MAX_MILLISECONDS = 10_000;

/**
 * Reads `count` random or mutated log lines, and makes rewards of those that are accepted. Throws when anything but a
 * `PopeError` comes out, when an accepted slate cannot be written and read again or has a reward outside [0, 1], when a case hangs or
 * a prototype is polluted; the message has the case's seed.
 */
export async function fuzzLogLines(seed: number, count: number): Promise<FuzzResult> {
  return run(seed, count, async (random) => {
    const bytes = lineMutant(random);
    const maxBytes = random.integer(10) === 0 ? 200 : undefined;
    for await (const line of splitLines(chunks(random, bytes), maxBytes)) {
      const slate = parseSlate(decodeLine(line, { kind: 'LOG', name: 'fuzzed' }), `fuzzed:${line.number}`);
      parseSlate(JSON.stringify(slate), 'written and read again');
      checkRewards(random, slate);
    }
  });
}

/** Opens `count` mutants of the given files (JSONL, gzip, Parquet), written to `path` one after the other. */
export async function fuzzLogFiles(
  seed: number,
  count: number,
  files: readonly Buffer[],
  path: string,
): Promise<FuzzResult> {
  return run(seed, count, async (random) => {
    await writeFile(path, mutateBytes(random, pick(random, files)));
    for await (const slate of await LoggedDataset.open(path)) checkRewards(random, slate);
  });
}

async function run(seed: number, count: number, readCase: (random: Random) => Promise<void>): Promise<FuzzResult> {
  const result: FuzzResult = { accepted: 0, rejected: {} };
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    try {
      await readCase(new Random(seed, i));
      result.accepted++;
    } catch (error) {
      if (!(error instanceof PopeError)) throw new Error(`seed ${seed}, case ${i}: not a PopeError`, { cause: error });
      if (/[\n\r]/.test(error.message)) throw new Error(`seed ${seed}, case ${i}: a message of several lines`);
      result.rejected[error.code] = (result.rejected[error.code] ?? 0) + 1;
    }
    if (performance.now() - start > MAX_MILLISECONDS) throw new Error(`seed ${seed}, case ${i}: hung`);
  }
  if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype was polluted');
  return result;
}

/** A slate that was accepted may still lack what a reward needs; then that is what has to come out. */
function checkRewards(random: Random, slate: Slate): void {
  try {
    const result = slateReward(slate, {
      reward: pick(random, [undefined, ...REWARDS]),
      group: pick(random, [undefined, 'US']),
    });
    const wrong = result?.rewards.find((value) => !(value >= 0 && value <= 1));
    if (wrong !== undefined) throw new Error(`reward ${result!.used} is ${wrong}`);
  } catch (error) {
    if (!(error instanceof PopeError)) throw error;
  }
}

// ---- Lines.

/** As JSON: each use is a value of its own, which a later mutation may change. */
const VALUES: string[] = [
  'null',
  'true',
  '""',
  '"a"',
  '"\\ud800"',
  '"\\u0000"',
  '"🌳"',
  '0',
  '-0',
  '-1',
  '1.5',
  '9007199254740992',
  '1.7e308',
  '-1.7e308',
  '5e-324',
  '[]',
  '{}',
  '[[]]',
  '["a"]',
  '{"id":"a"}',
  '{"constructor":{"name":{"toString":1}}}',
  '{"toString":null,"valueOf":1}',
  '{"__proto__":{"polluted":1}}',
  `"${'long\\r\\n'.repeat(20)}"`,
  `${'['.repeat(150)}${']'.repeat(150)}`,
];
const TOKENS = [...JSON_TOKENS, '\r', '\n', '\\ud800', ' ', '['.repeat(100_000)];

/** A valid line, a valid line with wrong values, with broken text or bytes, or bytes of no meaning. */
function lineMutant(random: Random): Buffer {
  const kind = random.integer(10);
  if (kind === 0) return Buffer.from(Array.from({ length: random.integer(200) }, () => random.integer(256)));
  const slate = randomSlate(random);
  if (kind < 6) for (let i = random.integer(3); i >= 0; i--) mutateValue(random, slate);
  const bytes = Buffer.from(JSON.stringify(slate).replaceAll('1.5', pick(random, ['1.5', '1e999', '1.5e-400'])));
  return kind >= 6 && kind < 9 ? mutateBytes(random, bytes) : bytes;
}

function randomSlate(random: Random): Slate {
  const ids = Array.from({ length: 1 + random.integer(5) }, (_, i) => `r${i}`);
  const responses = ids.map((id) => ({
    id,
    text: `text ${random.integer(100)}`,
    ...maybe(random, 'signal', () => random.integer(20) - 4),
    ...maybe(random, 'rank', () => 1 + random.integer(4)),
    ...maybe(random, 'judgements', () => [
      { judge: 'j', group: 'US', signal: random.uniform() },
      { judge: 'k', rank: 1 + random.integer(3), winsOver: ids.filter((other) => other !== id) },
    ]),
    ...maybe(random, 'logging', () => ({ logprob: -1.5, tokens: 3 })),
  }));
  const query = random.integer(2) === 0 ? { prompt: 'Why?' } : { messages: [{ role: 'user', content: 'Why?' }] };
  return {
    id: 'q',
    ...query,
    responses,
    ...maybe(random, 'weight', () => 1.5),
    ...maybe(random, 'cluster', () => 'c'),
  };
}

function maybe(random: Random, name: string, value: () => unknown): object {
  return random.integer(2) === 0 ? {} : { [name]: value() };
}

/** Replaces, removes or copies something somewhere in a JSON value. */
function mutateValue(random: Random, root: object): void {
  let holder = root as Record<string, unknown>;
  for (;;) {
    const keys = Object.keys(holder);
    if (keys.length === 0) return;
    const key = pick(random, keys);
    const inner = holder[key];
    if (typeof inner === 'object' && inner !== null && random.integer(4) > 0) {
      holder = inner as Record<string, unknown>;
      continue;
    }
    const how = random.integer(4);
    if (how === 0) delete holder[key];
    else holder[key] = how === 1 ? holder[pick(random, keys)] : JSON.parse(pick(random, VALUES));
    return;
  }
}

// ---- Bytes.

/** Up to four changes: a byte set, a token put in, a piece removed or repeated, the end cut off. */
function mutateBytes(random: Random, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let i = random.integer(4); i >= 0; i--) {
    const start = random.integer(bytes.length + 1);
    const end = Math.min(bytes.length, start + random.integer(20));
    const [before, piece, after] = [bytes.subarray(0, start), bytes.subarray(start, end), bytes.subarray(end)];
    const change = random.integer(5);
    if (change === 0) bytes = Buffer.concat([before, Buffer.of(random.integer(256)), bytes.subarray(start + 1)]);
    else if (change === 1) bytes = Buffer.concat([before, Buffer.from(pick(random, TOKENS)), piece, after]);
    else if (change === 2) bytes = Buffer.concat([before, after]);
    else if (change === 3) bytes = Buffer.concat([before, piece, piece, after]);
    else bytes = before;
  }
  return bytes;
}

/** The same bytes in up to three chunks. */
async function* chunks(random: Random, bytes: Buffer): AsyncGenerator<Buffer> {
  const first = random.integer(bytes.length + 1);
  const second = first + random.integer(bytes.length - first + 1);
  yield bytes.subarray(0, first);
  yield bytes.subarray(first, second);
  yield bytes.subarray(second);
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)]!;
}
