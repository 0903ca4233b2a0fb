import { intervalChart } from '../charts/intervals.js';
import { sensitivityChart } from '../charts/sensitivity.js';
import { type Run, runsOf } from '../inputs/run.js';
import type { Sensitivity, Study } from '../inputs/schemas.js';
import type { Figure, Layout, Section } from '../model.js';
import { PolicyColours } from '../palette.js';
import { slug } from './shared.js';

const CHANGES = { none: 'as given', noise: 'noise of', factor: 'l0 times', replaced: 'replaced by' };

export function propensities(runs: readonly Run[]): Section | null {
  const blocks = runsOf(runs, 'sensitivity').map(({ name, data }, _, all) =>
    sensitivityFigure(data, all.length === 1 ? '' : name),
  );
  return blocks.length === 0 ? null : { id: 'sensitivity', title: 'If the propensities are wrong', blocks };
}

/** The value under changes of the logging log-probabilities l0. */
export function sensitivityFigure({ rows }: Pick<Sensitivity, 'rows'>, name = ''): Figure {
  const named = rows.map((row) => ({
    ...row,
    label:
      row.amount === null
        ? CHANGES[row.change]
        : `${CHANGES[row.change]} ${row.amount}${row.change === 'noise' ? ' nats' : ''}`,
  }));
  const points = named.flatMap(({ label, value, lowest, highest }) =>
    value === null || lowest === null || highest === null ? [] : [{ label, value, lowest, highest }],
  );
  const given = rows.find(({ change }) => change === 'none')?.value ?? null;
  return {
    kind: 'figure',
    data: {
      id: slug('sensitivity', name),
      caption: `${name === '' ? 'The decomposed value' : `${name}: the decomposed value`} (normalise none) when the logging log-probabilities l0 are changed; lines span 20 draws of the noise, the dashed line is the value as given`,
      columns: [
        { key: 'change', title: 'change' },
        { key: 'value', title: 'value', format: 'number' },
        { key: 'lowest', title: 'lowest', format: 'number' },
        { key: 'highest', title: 'highest', format: 'number' },
        { key: 'selfNormalised', title: 'self-normalised', format: 'number' },
        { key: 'meanWeight', title: 'mean weight', format: 'number' },
        { key: 'effectiveSampleSize', title: 'effective sample', format: 'number' },
        { key: 'verdict', title: 'verdict' },
      ],
      rows: named.map(({ label, amount: _, ...row }) => ({ ...row, change: label })),
    },
    description: 'One point for each change of the propensities, with the range of its draws.',
    panels:
      points.length === 0 ? [] : [{ title: '', draw: (layout: Layout) => sensitivityChart({ points, given }, layout) }],
    columns: 1,
    legend: [],
  };
}

export function studies(runs: readonly Run[]): Section | null {
  const blocks = runsOf(runs, 'study').map(({ name, data }, _, all) => studyFigure(data, all.length === 1 ? '' : name));
  return blocks.length === 0 ? null : { id: 'study', title: 'Estimators against the truth', blocks };
}

/** Errors and coverage of the estimators over many logs with known truth; estimators have the colours that policies have elsewhere. */
export function studyFigure({ world, seeds, queries, interval, rows }: Study, name = ''): Figure {
  const colours = new PolicyColours();
  const named = rows.map((row) => ({
    ...row,
    label: `${row.estimator}, ${row.transform === 'identity' ? 'unclipped' : row.transform}${row.selfNormalised ? ', self-norm.' : ''}`,
  }));
  const legend = colours.entries(named.map(({ estimator }) => estimator));
  const errors = named.map(({ label, estimator, bias, variance }) => ({
    ...{ label, policy: estimator, value: bias },
    ...{ low: bias - Math.sqrt(variance), high: bias + Math.sqrt(variance) },
  }));
  const covered = named.map(({ label, estimator, coverage, seeds: counted }) => {
    const error = Math.sqrt((coverage * (1 - coverage)) / counted);
    const [low, high] = [Math.max(0, coverage - 2 * error), Math.min(1, coverage + 2 * error)];
    return { label, policy: estimator, value: coverage, low, high };
  });
  const panel = (title: string, points: typeof errors, axis: string, reference: number) => ({
    title,
    draw: (layout: Layout) =>
      intervalChart({ points, legend, title: axis, reference, byRow: true }, { ...layout, legend: false }),
  });
  return {
    kind: 'figure',
    data: {
      id: slug('study', name),
      caption: `World ${world}: ${seeds} logs of ${queries} queries whose true value is known. Left: bias, with one standard deviation of the estimates to either side. Right: how often the ${interval} interval of 95 % contains the truth, with two standard errors. The bound is below the value by design`,
      columns: [
        { key: 'estimator', title: 'estimator' },
        { key: 'bias', title: 'bias', format: 'number' },
        { key: 'variance', title: 'variance', format: 'number' },
        { key: 'mse', title: 'mean squared error', format: 'number' },
        { key: 'coverage', title: 'covered', format: 'percent' },
        { key: 'width', title: 'width', format: 'number' },
        { key: 'reliable', title: 'reliable', format: 'percent' },
        { key: 'caution', title: 'caution', format: 'percent' },
        { key: 'unreliable', title: 'unreliable', format: 'percent' },
        { key: 'coverageWhenReliable', title: 'covered when reliable', format: 'percent' },
      ],
      rows: named.map(({ label, bias, variance, mse, coverage, width, verdicts, coverageWhenReliable }) => ({
        ...{ estimator: label, bias, variance, mse, coverage, width, ...verdicts, coverageWhenReliable },
      })),
    },
    description: 'For every estimator its bias with the spread of its estimates, and the coverage of its interval.',
    panels: [
      panel('Bias and spread', errors, 'estimate minus truth', 0),
      panel('Coverage of the interval', covered, 'share of the logs', 0.95),
    ],
    columns: 2,
    legend,
  };
}
