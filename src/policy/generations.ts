import { openInput } from '../data/input.js';
import { readTextLines } from '../data/lines.js';
import { DataError } from '../errors.js';
import { type GenerationLine, parseGenerationLine } from './generation-line.js';

/** The generations of one policy, by query, in the order of their index (of the file, where they have none). */
export interface Generations {
  policy: string;
  texts: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the files that hold a policy's generations; `cut` of them were cut off at the most tokens, as the files say.
 *
 * @throws DataError GENERATIONS_NOT_FOUND, GENERATIONS_INVALID, GENERATIONS_EMPTY, GENERATIONS_MIXED, GENERATION_DUPLICATE
 */
export async function readGenerations(paths: readonly string[]): Promise<Generations & { cut: number }> {
  const lines = new Map<string, GenerationLine[]>();
  const seen = new Set<string>();
  let policy: string | null = null;
  let cut = 0;
  for (const path of paths) {
    for await (const { number, text } of readTextLines(await openInput(path, 'GENERATIONS'))) {
      const place = `${path}:${number}`;
      const line = parseGenerationLine(text, place);
      policy ??= line.policy;
      if (line.policy !== policy) {
        const got = `policy "${line.policy}", the lines before it are of "${policy}"`;
        throw new DataError('GENERATIONS_MIXED', `${place}: ${got}; measure one policy at a time`);
      }
      const id = JSON.stringify([line.query, line.index]);
      if (line.index !== null && seen.has(id)) {
        throw new DataError(
          'GENERATION_DUPLICATE',
          `${place}: sample ${line.index} of query "${line.query}" a second time`,
        );
      }
      seen.add(id);
      if (line.finish === 'length') cut++;
      if (!lines.has(line.query)) lines.set(line.query, []);
      lines.get(line.query)!.push(line);
    }
  }
  if (policy === null) {
    throw new DataError('GENERATIONS_EMPTY', `${paths.join(', ')}: expected one generation per line, got nothing`);
  }
  const texts = new Map(
    Array.from(lines, ([query, own]) => {
      // Stable: lines without an index keep the order of the file.
      const sorted = own.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0));
      return [query, sorted.map(({ text }) => text)];
    }),
  );
  return { policy, texts, cut };
}
