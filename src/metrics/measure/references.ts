import type { LoggedResponse, Slate } from '../../data/slate.js';
import { slateReward } from '../../reward/index.js';
import { hasSignals, responseSignals } from '../../reward/signals.js';

/** What people said of the references of a query [m]. */
export interface ReferenceVotes {
  /** Signals, added up over judgements; worths of a Plackett-Luce model where there are ranks only; 0 where there is nothing. */
  votes: Float64Array;
  /** Groups of a reference: its author's, and those with a judgement that approves of it. */
  groups: string[][];
  /** Opinions of the references, where all are labelled. */
  opinions: string[] | null;
}

export function referenceVotes(slate: Slate): ReferenceVotes {
  const opinions = slate.responses.flatMap(({ opinion }) => opinion ?? []);
  return {
    votes: hasSignals(slate, undefined) ? responseSignals(slate, 'sum', undefined) : slateReward(slate).rewards,
    groups: slate.responses.map(groupsOf),
    opinions: opinions.length === slate.responses.length ? opinions : null,
  };
}

/** A judgement approves with a positive signal, the first rank or a win. */
function groupsOf({ group, judgements = [] }: LoggedResponse): string[] {
  const approving = judgements.filter(
    ({ signal = 0, rank, winsOver = [] }) => signal > 0 || rank === 1 || winsOver.length > 0,
  );
  return [...new Set([group, ...approving.map((judgement) => judgement.group)])].filter((name) => name !== undefined);
}
