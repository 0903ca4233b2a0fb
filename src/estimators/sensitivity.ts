import type { SlateLog } from '../data/slate.js';
import { UsageError } from '../errors.js';
import type { Policy } from '../policy/policy.js';
import { collect } from './collect.js';
import type { LogColumns } from './columns.js';
import { HeldOutLog } from './held-out.js';
import { type EvaluateOptions, planOf } from './options.js';
import { Random } from './random.js';
import type { Estimate, Verdict } from './result.js';
import { estimateRow } from './row.js';
import { rowRequests } from './row-requests.js';
import { sum } from './sum.js';
import { worstVerdict } from './verdict.js';
import { scoreFacts } from './warnings.js';

/** The evaluation whose propensities are changed, and how. */
export interface SensitivityOptions
  extends Pick<
    EvaluateOptions,
    | 'target'
    | 'logging'
    | 'reward'
    | 'form'
    | 'lambdaCu'
    | 'lambdaDiv'
    | 'reduction'
    | 'transform'
    | 'allQueries'
    | 'seed'
    | 'signal'
  > {
  /** Other fits of the logging policy, by name. */
  alternatives?: ReadonlyMap<string, Policy> | undefined;
}

/** The decomposed value under 'none' when the logging log-probabilities l0 are changed in one way. */
export interface SensitivityRow {
  change: 'none' | 'noise' | 'factor' | 'replaced';
  /** Standard deviation of the noise in nats, the factor of l0, or the name of the other policy; null for none. */
  amount: number | string | null;
  /** Mean over draws, which only noise has more than one of; null where a weight overflows, as are its range and the other figures. */
  value: number | null;
  lowest: number | null;
  highest: number | null;
  selfNormalised: number | null;
  meanWeight: number | null;
  effectiveSampleSize: number;
  /** The worst of the draws. */
  verdict: Verdict;
}

const NOISE = [0.05, 0.1, 0.2, 0.5];
const FACTORS = [0.8, 0.9, 0.95, 1.05, 1.1, 1.25];
const DRAWS = 20;

/**
 * How much a value depends on the propensities (docs/theory.md section 7): normal noise added to each l0, all l0 multiplied as by another
 * temperature, and the logging policy replaced. Queries of the log, rewards and target stay the same.
 *
 * @throws as `evaluate`; UsageError OPTION for lambdaDiv 'auto'
 */
export async function sensitivity(log: SlateLog, options: SensitivityOptions): Promise<SensitivityRow[]> {
  const { target, logging, alternatives = new Map<string, Policy>(), signal } = options;
  if (options.lambdaDiv === 'auto')
    throw new UsageError('OPTION', 'lambdaDiv auto changes with the scores; give a number.');
  const plan = planOf({ ...options, estimators: ['decomposed'], normalise: 'none' });
  const { resolved } = plan;
  const judged = new HeldOutLog(log, options);
  const read = (policy: Policy | 'log') => {
    const shared = { by: null, prediction: null, onProgress: undefined, reward: plan.reward };
    return collect(judged, { target, logging: policy, signal, ...shared });
  };
  const given = await read(logging);
  const rowOf = async (
    change: SensitivityRow['change'],
    amount: number | string | null,
    draws: Iterable<LogColumns>,
  ): Promise<SensitivityRow> => {
    const scores = scoreFacts(target, logging, given.counts, given.columns);
    const rows: Estimate[] = [];
    for (const columns of draws) {
      const [request] = rowRequests(plan, columns).requests;
      rows.push((await estimateRow(columns, { ...resolved, ...request!, scores, signal })).estimate);
    }
    const values = known(rows.map((row) => row.value));
    return {
      change,
      amount,
      value: mean(values),
      lowest: values && Math.min(...values),
      highest: values && Math.max(...values),
      selfNormalised: mean(known(rows.map((row) => row.selfNormalised))),
      meanWeight: mean(known(rows.map(({ diagnostics }) => diagnostics.meanWeight))),
      effectiveSampleSize: sum(rows.map(({ diagnostics }) => diagnostics.effectiveSampleSize)) / rows.length,
      verdict: worstVerdict(rows.map((row) => row.verdict)),
    };
  };
  const changed = (change: (l0: number) => number): LogColumns => {
    return { ...given.columns, loggingLogProb: given.columns.loggingLogProb.map(change) };
  };
  function* noisy(deviation: number): Generator<LogColumns> {
    for (let draw = 0; draw < DRAWS; draw++) {
      const random = new Random(resolved.seed, draw);
      yield changed((l0) => l0 + deviation * random.normal());
    }
  }
  const replaced: SensitivityRow[] = [];
  for (const [name, policy] of alternatives)
    replaced.push(await rowOf('replaced', name, [(await read(policy)).columns]));
  const rows = [await rowOf('none', null, [given.columns])];
  for (const deviation of NOISE) rows.push(await rowOf('noise', deviation, noisy(deviation)));
  for (const factor of FACTORS) rows.push(await rowOf('factor', factor, [changed((l0) => factor * l0)]));
  return [...rows, ...replaced];
}

/** Null where any is. */
function known(values: readonly (number | null)[]): number[] | null {
  return values.every((value) => value !== null) ? (values as number[]) : null;
}

function mean(values: readonly number[] | null): number | null {
  return values && sum(values) / values.length;
}
