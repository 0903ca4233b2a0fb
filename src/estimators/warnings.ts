/** @file What an evaluation warns of beyond the reasons of its verdict; docs/estimators.md explains every code. */
import type { Policy } from '../policy/policy.js';
import { rewardVanishes } from './balance.js';
import type { CollectCounts } from './collect.js';
import { type LogColumns, lengths } from './columns.js';
import type { Estimate, Normalisation, ResolvedOptions, Warning } from './result.js';
import type { Row } from './row.js';
import type { ScoreFacts } from './verdict.js';

/** Below this share of utility a value says more about diversity. */
const LOW_UTILITY_SHARE = 0.1;

export interface WarningInput {
  columns: LogColumns;
  counts: CollectCounts;
  rows: readonly Row[];
  resolved: ResolvedOptions;
  target: Policy;
  logging: Policy | 'log';
}

/** Whether both policies say what they use, and it is not the same. */
function policiesDiffer(target: Policy, logging: Policy | 'log', field: 'tokenizer' | 'dtype'): boolean {
  if (logging === 'log') return false;
  const [a, b] = [target.identity[field], logging.identity[field]];
  return a !== null && b !== null && a !== b;
}

/** What the verdict has to know of the scores. */
export function scoreFacts(
  target: Policy,
  logging: Policy | 'log',
  { truncated, tokensAssumed }: CollectCounts,
  { reward: { length: responses } }: LogColumns,
): ScoreFacts {
  return {
    tokenizersDiffer: policiesDiffer(target, logging, 'tokenizer'),
    dtypesDiffer: policiesDiffer(target, logging, 'dtype'),
    modelled: logging !== 'log',
    truncatedShare: truncated / responses,
    tokensAssumedShare: tokensAssumed / responses,
  };
}

export function warningsOf(input: WarningInput): Warning[] {
  return [...dataWarnings(input), ...policyWarnings(input), ...rowWarnings(input)];
}

function dataWarnings({ columns, counts, resolved }: WarningInput): Warning[] {
  const queries = columns.queryIds.length;
  const sizes = new Set(columns.queryIds.map((_, i) => columns.offsets[i + 1]! - columns.offsets[i]!));
  return present([
    counts.noPreference > 0 && {
      code: 'NO_PREFERENCE',
      message: `in ${counts.noPreference} of ${queries} slates nobody preferred anything: they carry no preference, but count`,
    },
    counts.negatives > 0 && {
      code: 'NEGATIVE_SIGNALS',
      message: `${counts.negatives} negative signals counted as 0; reward minmax keeps their order`,
    },
    counts.rewards.size > 1 && {
      code: 'MIXED_REWARDS',
      message: `some slates have signals and some only ranks, so rewards were made in ${counts.rewards.size} ways (${[...counts.rewards].join(', ')}); name one reward for all`,
    },
    resolved.normalise.includes('tokens') &&
      counts.tokensAssumed > 0 && {
        code: 'TOKENS_ASSUMED',
        message: `${counts.tokensAssumed} responses have no logging.tokens in the log; the target's token counts stand in for them`,
      },
    counts.truncated > 0 && {
      code: 'TRUNCATED_PROMPTS',
      message: `${counts.truncated} responses were scored after a prompt that was cut to fit the context`,
    },
    resolved.reduction === 'sum' &&
      sizes.size > 1 && {
        code: 'UNEQUAL_SLATES',
        message: `slates have ${Math.min(...sizes)} to ${Math.max(...sizes)} responses: with reduction sum larger ones count more; valuePerResponse does not have this`,
      },
  ]);
}

function policyWarnings({ resolved, target, logging }: WarningInput): Warning[] {
  if (logging === 'log') return [];
  return present([
    resolved.normalise.includes('tokens') &&
      policiesDiffer(target, logging, 'tokenizer') && {
        code: 'TOKENIZER_MISMATCH',
        message:
          "target and logging policy cut text differently, so means per token compare different units: under 'tokens' read nothing, use 'bytes' or 'none'",
      },
    policiesDiffer(target, logging, 'dtype') && {
      code: 'MIXED_DTYPES',
      message: `the target was scored in ${target.identity.dtype} and the logging policy in ${logging.identity.dtype}; the difference of precision goes into every weight`,
    },
  ]);
}

function rowWarnings({ columns, rows, resolved }: WarningInput): Warning[] {
  const estimates = rows.map((row) => row.estimate);
  const dominated = estimates.filter((row) => row.estimator !== 'bound' && (row.utilityShare ?? 1) < LOW_UTILITY_SHARE);
  const normalisedBy = resolved.normalise.filter((name) => name !== 'none');
  return present([
    normalisedBy.length > 0 && {
      code: 'ESTIMAND',
      message: `rows under ${normalisedBy.join(' and ')} are indices: normalised probabilities are no density, and the figures depend on the logging policy`,
    },
    ...rows.map(
      ({ estimate, overflow }) =>
        overflow !== null && {
          code: 'WEIGHT_OVERFLOW',
          message: `${rowName(estimate)}: query "${overflow.query}" has a weight of exp(${overflow.logWeight.toFixed(1)}), too large for a number; no value, clip the weights`,
        },
    ),
    dominated.length > 0 && {
      code: 'DIVERSITY_DOMINATES',
      message: `utility makes less than 10 % of ${dominated
        .map((row) => `${rowName(row)} (${(100 * row.utilityShare!).toFixed(2)} %)`)
        .join('; ')}: lower lambdaDiv, or balance the parts with lambdaDiv auto`,
    },
    ...estimates
      .filter((row) => row.estimator === 'bound')
      .map((row) => {
        const zeros = countVanishing(columns, row);
        return (
          zeros > 0 && {
            code: 'BOUND_ZERO',
            message: `${rowName(row)}: ${zeros} of ${columns.queryIds.length} slates hold a response with a reward of 0 or less; their bound is 0`,
          }
        );
      }),
  ]);
}

/** Slates with an R_k <= 0. */
function countVanishing(columns: LogColumns, row: Estimate): number {
  const size = lengths(columns, row.normalise);
  const vanishes = (k: number) => {
    const logProb = columns.targetLogProb[k]! / (size?.target[k] ?? 1);
    return rewardVanishes(row.form, columns.reward[k]!, logProb, row.lambdaCu, row.lambdaDiv);
  };
  let count = 0;
  for (let i = 0; i + 1 < columns.offsets.length; i++) {
    for (let k = columns.offsets[i]!; k < columns.offsets[i + 1]!; k++) {
      if (!vanishes(k)) continue;
      count++;
      break;
    }
  }
  return count;
}

function rowName(row: { estimator: string; normalise: Normalisation }): string {
  return `${row.estimator} under ${row.normalise}`;
}

function present(warnings: readonly (Warning | false)[]): Warning[] {
  return warnings.filter((warning) => warning !== false);
}
