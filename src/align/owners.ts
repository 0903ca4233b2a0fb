import type { TrainedParameters } from '../models/trained-parameters.js';

/** The rank of each parameter, by its name. */
export function ownersOf({ tensors }: Pick<TrainedParameters, 'tensors'>, ranks: number): Map<string, number> {
  const owners = dealOut(
    [...tensors.values()].map(({ size }) => size),
    ranks,
  );
  return new Map([...tensors.keys()].map((name, i) => [name, owners[i]!]));
}

/**
 * Deals parameters out to ranks: each gets a run of neighbours, so that the largest share is as small as can be. A pure
 * function of sizes and number of ranks.
 *
 * @param sizes elements of each parameter
 * @returns the rank of each
 */
export function dealOut(sizes: readonly number[], ranks: number): number[] {
  let least = Math.max(0, ...sizes);
  let most = sizes.reduce((sum, size) => sum + size, 0);
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (dealt(sizes, middle).at(-1)! < ranks) most = middle;
    else least = middle + 1;
  }
  return dealt(sizes, least);
}

/** The rank of each where every rank takes what fits a share. */
function dealt(sizes: readonly number[], share: number): number[] {
  let rank = 0;
  let taken = 0;
  return sizes.map((size) => {
    if (taken + size > share) {
      rank++;
      taken = 0;
    }
    taken += size;
    return rank;
  });
}
