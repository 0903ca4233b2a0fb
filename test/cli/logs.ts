import { writeFileSync } from 'node:fs';
import type { Slate } from '../../src/data/slate.js';

const WORDS = 'the a quiet loud river city walks sings over under bright old new tree bird and then slowly'.split(' ');

/** A log of `queries` small slates of invented text, with votes and propensities: the same for the same count. */
export function smallLog(queries: number): Slate[] {
  const random = generator(queries);
  const sentence = (words: number) => Array.from({ length: words }, () => WORDS[random(WORDS.length)]).join(' ');
  return Array.from({ length: queries }, (_, q) => ({
    id: `q${q}`,
    prompt: sentence(2 + random(4)),
    responses: Array.from({ length: 2 + random(3) }, (_, r) => ({
      id: `r${r}`,
      text: sentence(1 + random(5)),
      signal: random(20),
      logging: { logprob: -5 - random(40) / 4, tokens: 3 + random(4) },
    })),
  }));
}

export function writeLog(path: string, slates: readonly Slate[]): string {
  writeFileSync(path, slates.map((slate) => `${JSON.stringify(slate)}\n`).join(''));
  return path;
}

/** Score lines of an invented policy for a log, one probability per text. */
export function scoreLines(slates: readonly Slate[], policy: string, seed: number): string[] {
  const random = generator(seed);
  return slates.flatMap(({ id, responses }) =>
    responses.map((response) =>
      JSON.stringify({
        query: id,
        response: response.id,
        policy,
        logprob: -5 - random(40) / 4,
        tokens: response.text.split(' ').length + 1,
        bytes: Buffer.byteLength(response.text),
      }),
    ),
  );
}

/** Whole numbers below a limit, by a linear congruential generator (Numerical Recipes). */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
