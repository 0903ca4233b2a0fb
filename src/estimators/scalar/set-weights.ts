/** @file Importance weights of unordered sets, formed from log-probabilities. */
import { UsageError } from '../../errors.js';
import { CheckedInput, invalid } from './checked-input.js';
import type { SetLog, SetOptions } from './sets.js';
import { Slates } from './slates.js';
import { roundsOfLoggers } from './strata.js';

/** Orders of a set grow as its factorial; sums over its subsets, 2^K, are what is formed. */
const LARGEST_SET = 16;

/** Single-precision log-probabilities of 0 may be this much above it. */
const LOG_SLACK = 1e-5;

type Draws = NonNullable<SetOptions['draws']>;

/**
 * w = P(S) / P0(S) of each set [N]; for 'balanced' P0 is sum_l (n_l / N) P0_l, the mixture of the policies that wrote the sets: of their
 * probabilities of whole sets, not of responses. Also the sets of each logger, where the log names them.
 */
export function setWeights(
  log: SetLog,
  name: string,
  sets: number,
  { draws = 'independent', combine }: SetOptions,
): { weights: Float64Array; ofLoggers: number[][] | null } {
  const input = new CheckedInput(name, log.logProb?.length, 'logProb');
  const logProb = input.column('logProb', log.logProb, atMostOne);
  const slates = new Slates(input, log.slateOffsets);
  if (slates.count !== sets) throw invalid(`reward has ${sets} numbers; expected ${slates.count}, one per set.`);
  const ofLoggers = combine === undefined ? null : roundsOfLoggers(log, new CheckedInput(name, sets));
  const logging =
    combine === 'balanced'
      ? mixture(log, input, slates, ofLoggers!, draws)
      : ofSets(input.column('loggingLogProb', log.loggingLogProb, drawn), slates, draws);
  const weights = ofSets(logProb, slates, draws).map((target, i) => {
    const logWeight = target === -Infinity ? target : target - logging[i]!;
    const weight = Math.exp(logWeight);
    if (Number.isFinite(weight)) return weight;
    throw invalid(`The weight of set ${i} is exp(${logWeight.toFixed(1)}), too large for a double; leave the set out.`);
  });
  return { weights, ofLoggers };
}

const atMostOne = { expected: 'a log-probability of at most 0', holds: (l: number) => l <= LOG_SLACK };
const drawn = {
  expected: 'a finite log-probability of at most 0',
  holds: (l: number) => Number.isFinite(l) && l <= LOG_SLACK,
};

/** log P(S) of each set, but for the multiplicity, which all policies share. */
function ofSets(logProb: Float64Array, slates: Slates, draws: Draws): Float64Array {
  const sums = slates.sums(logProb);
  if (draws === 'independent') return sums;
  const ranges = slates.ranges();
  return sums.map((total, i) => (total === -Infinity ? total : total + logOrders(logProb.subarray(...ranges[i]!), i)));
}

/** log sum_l (n_l / N) P0_l(S) of each set. */
function mixture(log: SetLog, input: CheckedInput, slates: Slates, ofLoggers: number[][], draws: Draws): Float64Array {
  const count = ofLoggers.length;
  if (log.loggingLogProb) {
    throw new UsageError(
      'ESTIMATE_OPTION',
      'combine balanced takes the log-probabilities of all loggers (loggingLogProbOfLoggers); leave loggingLogProb out.',
    );
  }
  const each = input.column('loggingLogProbOfLoggers', log.loggingLogProbOfLoggers, atMostOne, count);
  const terms = ofLoggers.map((own, l) => {
    const logShare = Math.log(own.length / slates.count);
    const column = Float64Array.from({ length: input.rounds }, (_, k) => each[k * count + l]!);
    return ofSets(column, slates, draws).map((logProb) => logShare + logProb);
  });
  return terms[0]!.map((_, i) => {
    if (terms[log.logger![i]!]![i] === -Infinity) {
      throw invalid(`Set ${i}: loggingLogProbOfLoggers says that its own logger ${log.logger![i]} never draws it.`);
    }
    const most = Math.max(...terms.map((term) => term[i]!));
    return most + Math.log(terms.reduce((total, term) => total + Math.exp(term[i]! - most), 0));
  });
}

/**
 * log g(S) with P(S) = g(S) prod_k p_k: the sum over orders of prod_k 1 / (1 - sum of the p before), by the last one drawn,
 *     g({}) = 1,    g(S) = sum_{k in S} g(S without k) / (1 - sum of p over S without k).
 */
function logOrders(logProb: Float64Array, set: number): number {
  const size = logProb.length;
  if (size > LARGEST_SET) {
    throw invalid(`Set ${set} has ${size} responses; sets drawn without replacement may have ${LARGEST_SET} at most.`);
  }
  const subsets = 1 << size;
  const mass = new Float64Array(subsets);
  const orders = new Float64Array(subsets);
  orders[0] = 1;
  for (let subset = 1; subset < subsets; subset++) {
    const lowest = 31 - Math.clz32(subset & -subset);
    mass[subset] = mass[subset & (subset - 1)]! + Math.exp(logProb[lowest]!);
    for (let k = 0; k < size; k++) {
      if (!(subset & (1 << k))) continue;
      const before = subset ^ (1 << k);
      const left = 1 - mass[before]!;
      if (!(left > 0)) {
        throw invalid(
          `Set ${set}: its responses have probabilities that sum to ${mass[before]} or more before the last is drawn; ` +
            'drawn without replacement they sum to less than 1, and each response of a set is another one.',
        );
      }
      orders[subset]! += orders[before]! / left;
    }
  }
  return Math.log(orders[subsets - 1]!);
}
