import type { Similarity } from '../../src/metrics/index.js';

export function similarityOf(rows: readonly (readonly number[])[]): Similarity {
  return { values: Float32Array.from(rows.flat()), n: rows.length, m: rows[0]!.length };
}
