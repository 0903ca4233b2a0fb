import type { AcrossGroups, Estimate, Evaluation, Interval } from '../estimators/index.js';
import { percent, readable, table } from './table.js';

/** The result of `pope evaluate` for people: the answer first, then the paper's figures, then how far to trust them. */
export function evaluationReport(evaluation: Evaluation): string {
  const { estimates, groups, warnings } = evaluation;
  const under = (normalise: Estimate['normalise']) => estimates.filter((estimate) => estimate.normalise === normalise);
  return [
    headline(evaluation),
    section(
      "The paper's figures (normalise tokens): an index that depends on the logging policy; do not rank policies by slate or bound",
      under('tokens'),
    ),
    section('Without length normalisation (normalise none): estimates of the value itself', under('none')),
    predictionTable(evaluation),
    section('Per byte (normalise bytes): an index, comparable between tokenizers', under('bytes')),
    `Diagnostics of the weights\n\n${diagnosticsTable(estimates)}`,
    ...groups.map(({ group, queries, small, estimates: rows }) =>
      small
        ? `Group "${group}": too small to be valued (${readable(queries)} queries)\n`
        : section(`Group "${group}", ${readable(queries)} queries`, rows),
    ),
    evaluation.acrossGroups === null ? '' : groupTable(evaluation.acrossGroups, evaluation.options),
    warnings.length === 0 ? '' : `Warnings\n\n${warnings.map(({ code, message }) => `${code}: ${message}\n`).join('')}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** `0.5310 [0.4980, 0.5650]` */
export function withInterval(value: number | null, interval: Interval): string {
  return interval === null ? figure(value) : `${figure(value)} [${readable(interval.low)}, ${readable(interval.high)}]`;
}

function headline({ headline: leading, verdict, queries, responses, estimates, options }: Evaluation): string {
  const size = `${readable(queries)} queries, ${readable(responses)} responses`;
  if (leading === null)
    return `No value: this log (${size}) does not support one. Verdict: ${verdict}; the warnings say why.\n`;
  const { estimator, normalise, kind, value, interval, selfNormalised, selfNormalisedInterval } = leading;
  const confidence = percent(1 - options.alpha);
  if (kind === 'index') {
    return (
      `Index ${withInterval(value, interval)} (${confidence} interval), verdict: ${verdict}.\n` +
      `  ${estimator} estimator, normalise ${normalise}, self-normalised; ${size}\n`
    );
  }
  const parts = estimates.find((estimate) => estimate.estimator === estimator && estimate.normalise === normalise)!;
  return (
    `Value ${withInterval(value, interval)} (${confidence} interval), verdict: ${verdict}.\n` +
    `  ${estimator} estimator, normalise ${normalise}, ${parts.transform}; ${size}\n` +
    `  utility ${withInterval(parts.utility, parts.utilityInterval)}, diversity ${withInterval(parts.diversity, parts.diversityInterval)}\n` +
    `  self-normalised ${withInterval(selfNormalised, selfNormalisedInterval)}\n`
  );
}

function groupTable(across: AcrossGroups, { alpha, by }: Evaluation['options']): string {
  const { estimator, normalise, estimand, groups, worst, maximin, shareWeighted } = across;
  const what = estimand === 'value' ? 'Values' : 'Indices';
  const rows = groups.map(({ group, share, value, interval }) => [
    group,
    percent(share),
    readable(value),
    bounds(interval),
  ]);
  return (
    `${what} by ${by} (${estimator}, normalise ${normalise}); ${percent(1 - alpha)} intervals that hold all at once\n\n` +
    `${table(['group', 'share', 'value', 'interval'], rows)}\n` +
    `Worst group: "${worst.group}". Maximin value ${withInterval(maximin.value, maximin.interval)}; ` +
    `weighted by shares ${withInterval(shareWeighted.value, shareWeighted.interval)}.\n`
  );
}

function predictionTable({ predicted, options }: Evaluation): string {
  if (predicted.length === 0) return '';
  const rows = predicted.map((row) => [
    row.estimator,
    figure(row.value),
    bounds(row.interval),
    readable(row.utility),
    bounds(row.utilityInterval),
    row.verdict,
  ]);
  return (
    `With the predictions in ${options.prediction} (normalise none, form soft); diversity is that of decomposed\n\n` +
    table(['estimator', 'value', 'interval', 'utility', 'interval', 'verdict'], rows)
  );
}

function bounds(interval: Interval): string {
  return interval === null ? '-' : `[${readable(interval.low)}, ${readable(interval.high)}]`;
}

function section(title: string, estimates: readonly Estimate[]): string {
  return estimates.length === 0 ? '' : `${title}\n\n${estimateTable(estimates)}`;
}

function estimateTable(estimates: readonly Estimate[]): string {
  return table(
    ['estimator', 'value', 'interval', 'per response', 'utility', 'diversity', 'self-normalised', 'verdict'],
    estimates.map((estimate) => [
      estimate.estimator,
      figure(estimate.value),
      bounds(estimate.interval),
      figure(estimate.valuePerResponse),
      figure(estimate.utility),
      figure(estimate.diversity),
      figure(estimate.selfNormalised),
      estimate.verdict,
    ]),
  );
}

function diagnosticsTable(estimates: readonly Estimate[]): string {
  return table(
    [
      'estimator',
      'normalise',
      'transform',
      'ESS',
      'ESS share',
      'mean weight',
      'largest',
      'its share',
      'clipped',
      'k-hat',
    ],
    estimates.map(({ estimator, normalise, transform, diagnostics }) => [
      estimator,
      normalise,
      transform,
      readable(diagnostics.effectiveSampleSize),
      percent(diagnostics.effectiveSampleShare),
      figure(diagnostics.meanWeight),
      figure(diagnostics.maxWeight),
      percent(diagnostics.maxWeightShare),
      percent(diagnostics.clippedShare),
      figure(diagnostics.paretoK),
    ]),
  );
}

function figure(value: number | null): string {
  return value === null ? '-' : readable(value);
}
