import type { Comparison } from '../estimators/compare/result.js';
import { percent, readable, table } from './table.js';

/** The result of `pope compare` for people: which policy, then every policy, every pair, and how far to trust them. */
export function comparisonReport(comparison: Comparison): string {
  const { row, policies, pairs, warnings, options, queries, responses } = comparison;
  const confidence = percent(1 - options.alpha);
  const what = row.estimand === 'value' ? 'value' : 'index';
  return [
    `${answer(comparison)} Verdict: ${comparison.verdict}.\n` +
      `  by ${what}: ${row.estimator} estimator, normalise ${row.normalise}, ${row.transform}${row.selfNormalised ? ', self-normalised' : ''}; ` +
      `${readable(queries)} queries, ${readable(responses)} responses\n`,
    `Policies (regret: what choosing this one may cost, at most; ${confidence} intervals)\n\n` +
      table(
        ['policy', what, 'interval', 'P(best)', 'regret', 'at most', 'may be best', 'ESS', 'verdict'],
        policies.map((policy) => [
          policy.policy,
          figure(policy.value),
          bounds(policy.interval),
          policy.probabilityBest === null ? '-' : percent(policy.probabilityBest),
          figure(policy.regret),
          figure(policy.regretHigh),
          policy.possiblyBest ? 'yes' : 'no',
          readable(policy.effectiveSampleSize),
          policy.verdict,
        ]),
      ),
    pairs.length === 0
      ? ''
      : `Differences on the same queries; the last two columns hold for all pairs at once\n\n` +
        table(
          ['pair', 'difference', 'interval', 'simultaneous', 'adjusted p'],
          pairs.map(({ a, b, difference, interval, simultaneous, adjustedP }) => [
            `${a} - ${b}`,
            readable(difference),
            bounds(interval),
            bounds(simultaneous),
            readable(adjustedP),
          ]),
        ),
    rankings(comparison),
    warnings.length === 0 ? '' : `Warnings\n\n${warnings.map(({ code, message }) => `${code}: ${message}\n`).join('')}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function answer({ best, policies }: Comparison): string {
  if (best !== null) return `Best: ${best}.`;
  if (policies.some(({ verdict }) => verdict === 'unreliable'))
    return 'No choice: this log does not support a value of every policy.';
  const names = policies.filter(({ possiblyBest }) => possiblyBest).map(({ policy }) => policy);
  return `No single best: ${names.join(', ')} cannot be told apart.`;
}

function rankings({ rankStability, agreement, truth }: Comparison): string {
  const lines = [
    rankStability === null ? '' : `Mean rank correlation of resamples with this ranking: ${rankStability.toFixed(2)}.`,
    truth === null
      ? ''
      : `Against the truth: rank correlation ${correlation(truth.spearman)} (Kendall ${correlation(truth.kendall)}), regret ${readable(truth.regret)}.`,
  ].filter((line) => line !== '');
  const others = agreement.map((row) => [
    `${row.estimator}${row.selfNormalised ? ', self-normalised' : ''}`,
    row.normalise,
    correlation(row.spearman),
  ]);
  return `${lines.map((line) => `${line}\n`).join('')}\nRank correlation of other rows with this ranking\n\n${table(['row', 'normalise', 'Spearman'], others)}`;
}

function correlation(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

function figure(value: number | null): string {
  return value === null ? '-' : readable(value);
}

function bounds(interval: { low: number; high: number } | null): string {
  return interval === null ? '-' : `[${readable(interval.low)}, ${readable(interval.high)}]`;
}
