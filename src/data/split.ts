/** Which queries train, validate and test: a hash of the query id, so that every command and policy agrees. */
import { createHash } from 'node:crypto';
import { describeValue, UsageError } from '../errors.js';

/** The splits of a log, in the order of a SplitRatio. */
export const SPLITS = ['train', 'validation', 'test'] as const;
/** One of SPLITS. */
export type Split = (typeof SPLITS)[number];

/** Shares of train, validation and test; they sum to 1. */
export type SplitRatio = readonly [number, number, number];

/** Shares of train, validation and test. */
export const DEFAULT_SPLIT_RATIO: SplitRatio = [0.8, 0.1, 0.1];
/** Hashed together with the id of a query. */
export const DEFAULT_SPLIT_SEED = 0;

/** Rounding allowed in the sum of three decimal shares. */
const RATIO_TOLERANCE = 1e-9;

/**
 * The split of a query: the first 48 bits of sha256("seed\nid"), as a fraction of 1, against the cumulative ratio.
 * @throws UsageError SPLIT_RATIO, SPLIT_SEED
 */
export function splitOf(id: string, ratio: SplitRatio = DEFAULT_SPLIT_RATIO, seed: number = DEFAULT_SPLIT_SEED): Split {
  checkRatio(ratio);
  if (!Number.isSafeInteger(seed)) {
    throw new UsageError('SPLIT_SEED', `split seed: expected an integer, got ${describeValue(seed)}`);
  }
  const hash = createHash('sha256').update(`${seed}\n${id}`).digest();
  const position = hash.readUIntBE(0, 6) / 2 ** 48;
  if (position < ratio[0]) return 'train';
  return position < ratio[0] + ratio[1] ? 'validation' : 'test';
}

/** Reads `--split-ratio 0.8,0.1,0.1`. @throws UsageError SPLIT_RATIO */
export function parseSplitRatio(text: string): SplitRatio {
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  checkRatio(parts);
  return parts;
}

/** Reads `--split NAME`. @throws UsageError SPLIT_NAME */
export function parseSplit(text: string): Split {
  const split = SPLITS.find((name) => name === text);
  if (split === undefined) {
    throw new UsageError('SPLIT_NAME', `split: expected ${SPLITS.join(', ')}, got ${describeValue(text)}`);
  }
  return split;
}

function checkRatio(ratio: readonly number[]): asserts ratio is SplitRatio {
  const sum = ratio.reduce((total, share) => total + share, 0);
  // NaN fails every comparison, so each test is written to be true for good values only.
  if (ratio.length === 3 && ratio.every((share) => share >= 0) && Math.abs(sum - 1) <= RATIO_TOLERANCE) return;
  throw new UsageError(
    'SPLIT_RATIO',
    `split ratio: expected three shares of train, validation and test that sum to 1, such as 0.8,0.1,0.1; got ${ratio.join(',')}`,
  );
}
