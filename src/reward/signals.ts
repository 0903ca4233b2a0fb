/** What people said of the responses of a slate, as one number per response. */

import type { Judgement, LoggedResponse, Slate } from '../data/slate.js';
import { DataError, describeValue } from '../errors.js';

/** How several people's signals on one response become one: votes add up, ratings average. */
export type Combination = 'sum' | 'mean';

/** The judgements of a response; of one group, if a group is named. */
export function judgementsOf(response: LoggedResponse, group: string | undefined): Judgement[] {
  const judgements = response.judgements ?? [];
  return group === undefined ? judgements : judgements.filter((judgement) => judgement.group === group);
}

/** Whether the slate has signals: on a response itself (nobody's group in particular) or in judgements. */
export function hasSignals(slate: Slate, group: string | undefined): boolean {
  return slate.responses.some(
    (response) =>
      (group === undefined && response.signal !== undefined) ||
      judgementsOf(response, group).some((judgement) => judgement.signal !== undefined),
  );
}

/**
 * One signal per response [K]: the responses' own signals if the slate has any, else the judgements' combined. A
 * response that nobody judged has the sum 0, but no mean.
 * @throws DataError REWARD_NEEDS_SIGNAL
 */
export function responseSignals(slate: Slate, combination: Combination, group: string | undefined): Float64Array {
  if (!hasSignals(slate, group)) {
    throw needsSignal(
      slate,
      `it has no ${ofGroup(group)}signals; for ranks and comparisons (winsOver) use --reward plackett-luce`,
    );
  }
  const own = group === undefined && slate.responses.some((response) => response.signal !== undefined);
  return Float64Array.from(slate.responses, (response) => {
    const signal = own ? response.signal : combinedSignal(response, combination, group);
    if (signal !== undefined && Number.isFinite(signal)) return signal;
    if (signal !== undefined) {
      throw needsSignal(slate, `the signals of response ${describeValue(response.id)} are too large to add up`);
    }
    throw needsSignal(
      slate,
      `response ${describeValue(response.id)} has no ${ofGroup(group)}signal while others have; give every response one` +
        (own ? '' : ', or use --reward share, which counts no votes as 0'),
    );
  });
}

function combinedSignal(response: LoggedResponse, combination: Combination, group: string | undefined) {
  const signals = judgementsOf(response, group).flatMap(({ signal }) => (signal === undefined ? [] : [signal]));
  const sum = signals.reduce((total, signal) => total + signal, 0);
  if (combination === 'sum') return sum;
  return signals.length === 0 ? undefined : sum / signals.length;
}

function ofGroup(group: string | undefined): string {
  return group === undefined ? '' : `"${group}" `;
}

function needsSignal(slate: Slate, reason: string): DataError {
  return new DataError('REWARD_NEEDS_SIGNAL', `query ${describeValue(slate.id)}: no reward from signals: ${reason}`);
}
