import { type CurvePoint, curveChart } from '../charts/curves.js';
import { type Run, type RunOf, runsOf } from '../inputs/run.js';
import type { MetricsLine } from '../inputs/schemas.js';
import type { Block, Layout, Section, Table } from '../model.js';
import type { SectionContext } from './shared.js';

type Validation = Extract<MetricsLine, { kind: 'validation' }>;
type Measured = Validation['training'];

interface Curve {
  key: string;
  title: string;
  of(measured: Measured): number | null | undefined;
  reference?: number;
}

const CURVES: readonly Curve[] = [
  { key: 'objective', title: "The method's own value J", of: ({ value }) => value },
  { key: 'value', title: "POPE's estimate", of: ({ estimate }) => estimate?.value },
  { key: 'utility', title: 'Utility part', of: ({ estimate }) => estimate?.utility },
  { key: 'diversity', title: 'Diversity part', of: ({ estimate }) => estimate?.diversity },
  {
    key: 'meanWeight',
    title: 'Mean weight (1: as likely as logged)',
    of: ({ meanWeight }) => meanWeight,
    reference: 1,
  },
  {
    key: 'effectiveSampleShare',
    title: 'Effective sample, share of the log',
    of: ({ effectiveSampleShare }) => effectiveSampleShare,
  },
];

/** What happened while models trained, on the queries that train and on those held back. */
export function training(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const trained = runsOf(runs, 'training');
  if (trained.length === 0) return null;
  const legend = colours.entries(trained.map(({ name }) => name));
  const panels = CURVES.flatMap(({ title, of, reference }) => {
    const points = trained.flatMap((run) => pointsOf(run, of));
    // A curve that is 0 throughout, as the diversity part without its lambda, says nothing.
    if (points.every(({ value }) => value === 0)) return [];
    return [{ title, draw: (layout: Layout) => curveChart({ points, legend, reference }, layout) }];
  });
  const blocks: Block[] = [
    {
      kind: 'figure',
      data: curveTable(trained),
      description: 'Lines over the steps of training: solid for validation queries, dashed for training queries.',
      panels,
      columns: 2,
      legend,
    },
    { kind: 'table', table: runTable(trained) },
  ];
  return { id: 'training', title: 'Training', blocks };
}

function validations({ data }: RunOf<'training'>): Validation[] {
  return data.metrics.filter((line) => line.kind === 'validation');
}

function pointsOf(run: RunOf<'training'>, of: Curve['of']): CurvePoint[] {
  return validations(run).flatMap((line) =>
    (['validation', 'training'] as const).flatMap((split) => {
      const measured = line[split];
      const value = measured && of(measured);
      return typeof value === 'number' ? [{ run: run.name, split, step: line.step, value }] : [];
    }),
  );
}

function curveTable(trained: readonly RunOf<'training'>[]): Table {
  return {
    id: 'training-curves',
    caption:
      'Solid: validation queries; dashed: training queries. A value that rises on training queries while it falls on validation queries is learnt by heart',
    columns: [
      { key: 'run', title: 'run' },
      { key: 'step', title: 'step', format: 'number' },
      { key: 'split', title: 'queries' },
      ...CURVES.map(({ key, title }) => ({ key, title, format: 'number' as const })),
    ],
    rows: trained.flatMap((run) =>
      validations(run).flatMap((line) =>
        (['training', 'validation'] as const).flatMap((split) => {
          const measured = line[split];
          if (measured === null) return [];
          const figures = CURVES.map(({ key, of }) => [key, of(measured) ?? null] as const);
          return [{ run: run.name, step: line.step, split, ...Object.fromEntries(figures) }];
        }),
      ),
    ),
  };
}

function runTable(trained: readonly RunOf<'training'>[]): Table {
  return {
    id: 'training-runs',
    caption: 'Runs, and the signs of trouble that they raised',
    columns: [
      { key: 'run', title: 'run' },
      { key: 'method', title: 'method' },
      { key: 'ended', title: 'ended' },
      { key: 'steps', title: 'steps', format: 'number' },
      { key: 'tokens', title: 'tokens', format: 'number' },
      { key: 'slates', title: 'slates', format: 'number' },
      { key: 'lr', title: 'learning rate' },
      { key: 'warnings', title: 'warnings' },
    ],
    rows: trained.map(({ name, data: { config, result } }) => ({
      run: name,
      method: String(config.training.method ?? ''),
      ended: result === null ? 'not yet' : result.ended === 'early' ? 'early: validation got no better' : result.ended,
      steps: result?.steps ?? null,
      tokens: result?.tokens ?? null,
      slates: result?.slates.train ?? null,
      lr: typeof config.training.lr === 'number' ? config.training.lr : null,
      warnings: result === null ? '' : result.warnings.map(({ code }) => code).join(', ') || 'none',
    })),
  };
}
