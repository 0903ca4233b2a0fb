import type {
  EnvelopeRow,
  Figure,
  MethodRow,
  SyntheticTable,
  TuningTable,
  ValueRow,
  WorldSummary,
} from '../experiments/synthetic/index.js';
import { METRICS, type Metric } from '../experiments/synthetic/index.js';
import { markdownTable } from './table.js';

const HEADERS: Record<Metric, string> = {
  utility: 'utility',
  coverage6: 'coverage of 6',
  coverage50: 'of 50',
  weightedCoverage6: 'of 6 by share',
  totalVariation: 'total variation',
  groupEntropy: 'entropy',
  invalidShare: 'invalid',
  distinct2: 'distinct-2',
};

/** An experiment as Markdown: for every world the methods, their values, differences and envelopes. */
export function experimentText({ budget, worlds }: SyntheticTable): string {
  const { baseSteps, steps, slatesPerQuery, samples } = budget;
  return (
    `Base model: ${baseSteps} steps; every method: ${steps} steps of 48 responses from ${slatesPerQuery} slates of 6 per query; ` +
    `${samples} answers to each test query. Means over seeds, with 95 % intervals (Student t over seeds) where there are several.\n\n` +
    worlds.map(worldText).join('\n')
  );
}

/** What was tried of each family, the best first. */
export function tuningText({ budget, worlds, families }: TuningTable): string {
  const rows = families.flatMap(({ family, settings }) =>
    settings.map(({ name, temperature, score, utility, weightedCoverage6 }) => [
      family,
      name,
      String(temperature),
      ...[score, utility, weightedCoverage6].map((value) => value.toFixed(3)),
    ]),
  );
  return (
    `${budget.steps} steps of 48 responses; ${budget.samples} answers to each validation query; means over ${worlds.join(', ')}. ` +
    `Score: utility + coverage of 6 by share, at the temperature where it is highest.\n\n` +
    markdownTable(['family', 'setting', 'temperature', 'score', 'utility', 'of 6 by share'], rows)
  );
}

function worldText({ world, seeds, references, rows, values, envelopes }: WorldSummary): string {
  const baselines = [...new Set(rows.flatMap(({ minus }) => Object.keys(minus)))];
  return [
    `## ${world}, ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}\n`,
    markdownTable(
      ['policy', 'temperature', ...METRICS.map((name) => HEADERS[name])],
      [
        ...rows.map(({ method, temperature, metrics }) => [
          method,
          String(temperature),
          ...METRICS.map((name) => short(metrics[name])),
        ]),
        ...references.map(({ policy, metrics }) => [`(${policy})`, '', ...METRICS.map((name) => short(metrics[name]))]),
      ],
    ),
    `Values at temperature 1 (reward identity; lambda 1 and 1), and their approval part\n`,
    valueTable(values),
    ...(seeds.length > 1 ? baselines.flatMap((name) => differenceTable(rows, name)) : []),
    ...(['coverage6', 'weightedCoverage6'] as const).flatMap((coverage) => envelopeTable(envelopes, coverage)),
  ].join('\n');
}

function valueTable(values: readonly ValueRow[]): string {
  const kinds = ['truth', 'estimate', 'limit', 'index'] as const;
  return markdownTable(
    [
      'policy',
      'true V',
      'estimate',
      'V_Z',
      'index',
      'true approval',
      'estimate',
      'V_Z',
      'index',
      'V in interval',
      'approval in interval',
    ],
    values.map(({ method, value, utility, covered }) => [
      method,
      ...kinds.map((kind) => short(value[kind])),
      ...kinds.map((kind) => short(utility[kind])),
      ...[covered.value, covered.utility].map((seeds) => `${seeds} of ${value.truth?.seeds ?? 0}`),
    ]),
  );
}

function differenceTable(rows: readonly MethodRow[], baseline: string): string[] {
  const compared = rows.filter(({ minus }) => minus[baseline] !== undefined);
  if (compared.length === 0) return [];
  return [
    `Minus ${baseline} at the same temperature, seed by seed\n`,
    markdownTable(
      ['method', 'temperature', ...METRICS.map((name) => HEADERS[name])],
      compared.map(({ method, temperature, minus }) => [
        method,
        String(temperature),
        ...METRICS.map((name) => signed(minus[baseline]![name])),
      ]),
    ),
  ];
}

function envelopeTable(envelopes: readonly EnvelopeRow[], coverage: EnvelopeRow['coverage']): string[] {
  const rows = envelopes.filter((row) => row.coverage === coverage);
  const [first] = rows;
  if (first === undefined) return [];
  const baselines = [...new Set(rows.flatMap(({ minus }) => Object.keys(minus)))];
  return [
    `Envelope over settings and temperatures: the most coverage (${HEADERS[coverage]}) at a share of the utility that sft reaches\n`,
    markdownTable(
      ['family', 'utility', 'coverage', ...baselines.map((name) => `minus ${name}`)],
      rows.map(({ family, level, reached, minus }) => [
        family,
        String(level),
        short(reached),
        ...baselines.map((name) => signed(minus[name] ?? null)),
      ]),
    ),
  ];
}

function short(figure: Figure | null): string {
  return figure === null ? '-' : figure.mean.toFixed(3);
}

/** A difference with its interval, and in how many seeds it is positive. */
function signed(figure: Figure | null): string {
  if (figure === null) return '-';
  const text = (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(3)}`;
  const { mean, interval, positive, seeds } = figure;
  return interval === null
    ? text(mean)
    : `${text(mean)} [${text(interval.low)}, ${text(interval.high)}] ${positive}/${seeds}`;
}
