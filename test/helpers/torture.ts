import { appendFileSync } from 'node:fs';
import { randomNumbers } from './check-op.js';

/** Cases of a torture test: `full`, or a tenth in `npm run torture -- --quick`. */
export function tortureCases(full: number): number {
  return process.env.POPE_TORTURE_QUICK === '1' ? Math.ceil(full / 10) : full;
}

/** Numbers in [0, 1), one after the other, the same for the same seed. */
export function draws(seed: number): () => number {
  const random = randomNumbers(4096, seed, 0.5);
  let drawn = 0;
  return () => 0.5 + random[drawn++ % random.length]!;
}

/** Prints what a torture test came to, which `npm run torture` says again at its end. */
export function reportTorture(line: string): void {
  console.log(line);
  const summary = process.env.POPE_TORTURE_SUMMARY;
  if (summary !== undefined) appendFileSync(summary, `${line}\n`);
}
