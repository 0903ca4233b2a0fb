import type { Slate } from '../data/slate.js';
import { DataError, describeValue } from '../errors.js';

/** r_k = u_k, for signals that are rewards already. @throws DataError REWARD_RANGE outside [0, 1] */
export function identityRewards(signals: Float64Array, slate: Slate): Float64Array {
  const outside = signals.findIndex((signal) => signal < 0 || signal > 1);
  if (outside < 0) return signals;
  throw new DataError(
    'REWARD_RANGE',
    `query ${describeValue(slate.id)}, response ${describeValue(slate.responses[outside]!.id)}: ` +
      `--reward identity expects signals in [0, 1], got ${signals[outside]}; use share, minmax or log1p-share`,
  );
}
