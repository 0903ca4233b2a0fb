/** Symmetric distances [n][n], flat. */
export interface Distances {
  values: Float64Array;
  n: number;
}

/** Two clusters that become one: the clusters of items `left` and `right`, at a mean distance of `height`. */
export interface Merge {
  left: number;
  right: number;
  height: number;
}

/** 1 - cosine of each pair, in [0, 2]; a zero vector is at distance 1 from all others. */
export function cosineDistances(vectors: readonly Float32Array[]): Distances {
  const n = vectors.length;
  const lengths = vectors.map((vector) => Math.hypot(...vector));
  const values = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const dot = vectors[i]!.reduce((sum, value, d) => sum + value * vectors[j]![d]!, 0);
      const cosine = dot / (lengths[i]! * lengths[j]! || 1);
      values[i * n + j] = values[j * n + i] = 1 - Math.min(1, Math.max(-1, cosine));
    }
  }
  return { values, n };
}

/**
 * Average linkage (UPGMA; Sokal and Michener 1958): from n clusters of one item each, the two with the least mean distance between
 * their items become one, n - 1 times. Heights never fall. Ties: the pair that stands first.
 */
export function averageLinkage({ values, n }: Distances): Merge[] {
  const distance = Float64Array.from(values);
  const sizes = new Int32Array(n).fill(1);
  const open = Array.from({ length: n }, (_, i) => i);
  const merges: Merge[] = [];
  while (open.length > 1) {
    let best = { left: -1, right: -1, height: Number.POSITIVE_INFINITY };
    for (const [at, left] of open.entries()) {
      for (const right of open.slice(at + 1)) {
        if (distance[left * n + right]! < best.height) best = { left, right, height: distance[left * n + right]! };
      }
    }
    const { left, right } = best;
    const size = sizes[left]! + sizes[right]!;
    for (const other of open) {
      const mean = (sizes[left]! * distance[left * n + other]! + sizes[right]! * distance[right * n + other]!) / size;
      distance[left * n + other] = distance[other * n + left] = mean;
    }
    sizes[left] = size;
    open.splice(open.indexOf(right), 1);
    merges.push(best);
  }
  return merges;
}

/** The cluster of each item [n] when the tree is cut into so many, numbered in order of first appearance. */
export function cutTree(merges: readonly Merge[], clusters: number): number[] {
  const n = merges.length + 1;
  const owner = Array.from({ length: n }, (_, i) => i);
  for (const { left, right } of merges.slice(0, n - clusters)) {
    for (let i = 0; i < n; i++) if (owner[i] === right) owner[i] = left;
  }
  const numbers = new Map<number, number>();
  return owner.map((item) => {
    if (!numbers.has(item)) numbers.set(item, numbers.size);
    return numbers.get(item)!;
  });
}

/** Bins of distances, over [0, 2]. */
const BINS = 2000;

/**
 * The distance that parts the pairs of a log into near and far ones: between the two groups the variance is largest (Otsu 1979, "A
 * threshold selection method from gray-level histograms"). Where distances are all alike, nothing says that any of them is near: only equal
 * vectors are.
 */
export class DistanceThreshold {
  readonly #bins = new Float64Array(BINS);

  /** Counts each pair once. */
  add({ values, n }: Distances): void {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) this.#bins[Math.min(BINS - 1, Math.floor((values[i * n + j]! / 2) * BINS))]!++;
    }
  }

  get value(): number {
    const pairs = this.#bins.reduce((sum, count) => sum + count, 0);
    const total = this.#bins.reduce((sum, count, bin) => sum + count * bin, 0);
    let best = { variance: 0, value: 2 / BINS };
    let below = 0;
    let sumBelow = 0;
    for (const [bin, count] of this.#bins.entries()) {
      below += count;
      sumBelow += count * bin;
      if (count === 0 || below === pairs) continue;
      const gap = sumBelow / below - (total - sumBelow) / (pairs - below);
      const variance = below * (pairs - below) * gap * gap;
      if (variance > best.variance) best = { variance, value: (2 * (bin + 1)) / BINS };
    }
    return best.value;
  }
}
