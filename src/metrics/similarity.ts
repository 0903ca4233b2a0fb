import { describeValue } from '../errors.js';
import { requireInput } from './checks.js';

/** Similarities [n][m], row-major, of n generated responses (in order: the top k are the first k) to m references. */
export interface Similarity {
  /** Cosines, in [-1, 1]; negative ones count as 0. */
  values: Float32Array;
  n: number;
  m: number;
}

/** How far rounding may push a cosine beyond 1. */
const ROUNDING = 1e-3;

/**
 * The rows [n], each [m], clipped to [0, 1]: what all metrics of this folder read.
 * @throws UsageError METRIC_INPUT for sizes that are not positive or do not fit, and for values that are no cosines
 */
export function similarityRows({ values, n, m }: Similarity): Float32Array[] {
  const sized = Number.isInteger(n) && n >= 1 && Number.isInteger(m) && m >= 1;
  requireInput(
    sized && values.length === n * m,
    `Similarity: expected n x m values with n and m at least 1, got ${values.length} values for n = ${n}, m = ${m}.`,
  );
  const bad = values.findIndex((value) => !(Math.abs(value) <= 1 + ROUNDING));
  requireInput(
    bad < 0,
    `Similarity of response ${Math.floor(bad / m)} to reference ${bad % m}: ` +
      `expected a cosine, from -1 to 1, got ${describeValue(values[bad])}.`,
  );
  const clipped = values.map((value) => Math.min(Math.max(value, 0), 1));
  return Array.from({ length: n }, (_, i) => clipped.subarray(i * m, (i + 1) * m));
}

/**
 * Cosines of embeddings, one vector per text: Similarity [generated][references]. A zero vector (a text of which the
 * encoder knows nothing) is similar to nothing: 0, also to itself.
 * @throws UsageError METRIC_INPUT for no vectors, vectors of different lengths or numbers that are not finite
 */
export function cosineSimilarity(generated: readonly Float32Array[], references: readonly Float32Array[]): Similarity {
  const n = generated.length;
  const m = references.length;
  requireInput(n > 0 && m > 0, `Cosine similarity needs vectors on both sides, got ${n} and ${m}.`);
  const dimensions = generated[0]!.length;
  const lengths = [generated, references].map((vectors) =>
    vectors.map((vector, i) => {
      requireInput(
        vector.length === dimensions && vector.every(Number.isFinite),
        `Cosine similarity, vector ${i}: expected ${dimensions} finite numbers, as in the first, got ${vector.length}.`,
      );
      return Math.sqrt(dot(vector, vector));
    }),
  ) as [number[], number[]];
  const values = new Float32Array(n * m);
  for (const [i, a] of generated.entries()) {
    for (const [j, b] of references.entries()) {
      const scale = lengths[0][i]! * lengths[1][j]!;
      values[i * m + j] = scale === 0 ? 0 : dot(a, b) / scale;
    }
  }
  return { values, n, m };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}
