import { HUNDREDFOLD, METRIC_NAMES } from '../../metrics/measure/names.js';
import { METRICS, type MetricName } from '../../metrics/measure/result.js';
import { barChart } from '../charts/bars.js';
import { OUTCOMES, winChart } from '../charts/wins.js';
import { type Run, type RunOf, runsOf } from '../inputs/run.js';
import type { Block, Figure, Layout, Section, Table } from '../model.js';
import { bounds, type SectionContext, valueColumns } from './shared.js';

/** Figures 2 to 4 of the paper: coverage, quality beside it, and what a judge prefers. */
export function coverage(runs: readonly Run[], context: SectionContext): Section | null {
  const measured = runsOf(runs, 'metrics');
  const ofMetrics = metricFigure('coverage', measured, ['pluralisticCoverage', 'opinionCoverage'], context);
  const blocks = [...(ofMetrics ? [ofMetrics] : []), ...worldCoverage(runs, context), ...groupCoverage(measured)];
  return blocks.length === 0 ? null : { id: 'coverage', title: 'Coverage of what people think', blocks };
}

export function quality(runs: readonly Run[], context: SectionContext): Section | null {
  const measured = runsOf(runs, 'metrics');
  const figure = metricFigure(
    'quality',
    measured,
    ['selfBleuPerQuery', 'selfBleu', 'alignScore', 'perplexity'],
    context,
  );
  const table = metricTable(measured);
  if (table === null) return null;
  return {
    id: 'quality',
    title: 'Repetition and quality of the answers',
    blocks: [...(figure ? [figure] : []), { kind: 'table', table }],
  };
}

export function wins(runs: readonly Run[]): Section | null {
  const judged = runsOf(runs, 'metrics').flatMap(({ name, data }) =>
    data.judge === null ? [] : [{ name, alpha: data.alpha, ...data.judge }],
  );
  if (judged.length === 0) return null;
  const bars = judged.flatMap(({ name, against, wins: won, ties, losses }) => {
    const counts = { win: won, tie: ties, loss: losses };
    const total = won + ties + losses;
    if (total === 0) return [];
    return OUTCOMES.map((outcome) => ({
      label: `${name} against ${against}`,
      outcome,
      share: counts[outcome] / total,
    }));
  });
  const data: Table = {
    id: 'win-rates',
    caption:
      'What the judge preferred, each pair shown in both orders; a win has to hold in both. The dashed line is even',
    columns: [
      { key: 'policy', title: 'policy' },
      { key: 'against', title: 'against' },
      { key: 'judge', title: 'judge' },
      { key: 'wins', title: 'wins', format: 'number' },
      { key: 'ties', title: 'ties', format: 'number' },
      { key: 'losses', title: 'losses', format: 'number' },
      { key: 'unreadable', title: 'no verdict', format: 'number' },
      ...valueColumns('win rate', 'percent'),
      { key: 'orderAgreement', title: 'orders agree', format: 'percent' },
    ],
    rows: judged.map(({ name, against, model, wins: won, ties, losses, unreadable, winRate, orderAgreement }) => ({
      ...{ policy: name, against, judge: model, wins: won, ties, losses, unreadable },
      ...{ value: winRate.value, low: winRate.low, high: winRate.high, orderAgreement },
    })),
  };
  const figure: Figure = {
    kind: 'figure',
    data,
    description: 'One bar for each pair of policies: shares of wins, ties and losses.',
    panels: bars.length === 0 ? [] : [{ title: '', draw: (layout) => winChart(bars, layout) }],
    columns: 1,
    legend: [],
  };
  return { id: 'wins', title: 'Win rates', blocks: [figure] };
}

/** One panel of bars for each of the metrics that were measured. */
function metricFigure(
  id: string,
  measured: readonly RunOf<'metrics'>[],
  names: readonly MetricName[],
  { colours }: SectionContext,
): Figure | null {
  const legend = colours.entries(measured.map(({ name }) => name));
  const found = names.flatMap((metric) => {
    const bars = measured.flatMap(({ name, data }) => {
      const own = data.metrics.find((each) => each.metric === metric);
      return own === undefined || own.value === null
        ? []
        : [{ label: name, policy: name, value: own.value, low: own.low, high: own.high }];
    });
    return bars.length === 0 ? [] : [{ metric, bars }];
  });
  if (found.length === 0) return null;
  return {
    kind: 'figure',
    data: {
      id,
      caption: `${found.map(({ metric }) => METRIC_NAMES[metric]).join(', ')}: means over queries with their intervals`,
      columns: [{ key: 'policy', title: 'policy' }, { key: 'metric', title: 'metric' }, ...valueColumns('value')],
      rows: found.flatMap(({ metric, bars }) =>
        bars.map(({ policy, value, low, high }) => ({ policy, metric: METRIC_NAMES[metric], value, low, high })),
      ),
    },
    description: 'Bars with intervals, one panel for each metric and one bar for each policy.',
    panels: found.map(({ metric, bars }) => ({
      title: METRIC_NAMES[metric],
      draw: (layout: Layout) => barChart({ bars, legend, title: '' }, { ...layout, legend: false }),
    })),
    columns: 2,
    legend: [],
  };
}

function metricTable(measured: readonly RunOf<'metrics'>[]): Table | null {
  if (measured.length === 0) return null;
  const present = METRICS.filter((metric) =>
    measured.some(({ data }) => data.metrics.some((each) => each.metric === metric)),
  );
  return {
    id: 'metrics',
    caption: 'All metrics of generated answers, with intervals over queries',
    columns: [
      { key: 'metric', title: 'metric' },
      { key: 'policy', title: 'policy' },
      ...valueColumns('value'),
      { key: 'queries', title: 'queries', format: 'number' },
    ],
    rows: present.flatMap((metric) =>
      measured.flatMap(({ name, data }) => {
        const own = data.metrics.find((each) => each.metric === metric);
        if (own === undefined) return [];
        const scaled = (value: number | null) => (value === null || !HUNDREDFOLD.has(metric) ? value : value * 100);
        return [
          {
            ...{ metric: METRIC_NAMES[metric], policy: name, value: scaled(own.value) },
            ...{ low: scaled(own.low), high: scaled(own.high), queries: own.queries },
          },
        ];
      }),
    ),
  };
}

function worldCoverage(runs: readonly Run[], { colours }: SectionContext): Block[] {
  const worlds = runsOf(runs, 'experiment').flatMap(({ data }) => data.worlds);
  if (worlds.length === 0) return [];
  const panels = worlds.flatMap(({ world, rows, references }) => {
    const bars = [
      ...rows.flatMap(({ method, family, temperature, metrics }) => {
        const figure = temperature === 1 ? metrics.coverage6 : null;
        return figure ? [{ label: method, policy: family, value: figure.mean, ...bounds(figure.interval) }] : [];
      }),
      ...references.flatMap(({ policy, metrics }) => {
        const figure = metrics.coverage6;
        if (!figure) return [];
        return [{ label: `(${policy})`, policy: `(${policy})`, value: figure.mean, ...bounds(figure.interval) }];
      }),
    ];
    return bars.length === 0 ? [] : [{ world, bars }];
  });
  return [
    {
      kind: 'figure',
      data: {
        id: 'world-coverage',
        caption:
          'Share of the opinions on a query that 6 answers express, at temperature 1, means over seeds with intervals. In brackets the policies of the world itself: the logging policy, people, and their largest group',
        columns: [
          { key: 'world', title: 'world' },
          { key: 'method', title: 'method' },
          ...valueColumns('coverage of 6', 'percent'),
        ],
        rows: panels.flatMap(({ world, bars }) =>
          bars.map(({ label, value, low, high }) => ({ world, method: label, value, low, high })),
        ),
      },
      description: 'One bar for each method and for each policy of the world, one panel for each world.',
      panels: panels.map(({ world, bars }) => {
        const own = bars.map(({ policy }) => policy);
        const legend = [
          ...colours.entries(own.filter((name) => !name.startsWith('('))),
          ...own.filter((name) => name.startsWith('(')).map((name) => ({ name, colour: 7 })),
        ];
        return {
          title: `World ${world}`,
          draw: (layout: Layout) => barChart({ bars, legend, title: '', percent: true }, { ...layout, legend: false }),
        };
      }),
      columns: panels.length === 1 ? 1 : 2,
      legend: [],
    },
  ];
}

/** Overton coverage of each group of people. */
function groupCoverage(measured: readonly RunOf<'metrics'>[]): Block[] {
  const rows = measured.flatMap(({ name, data }) =>
    data.groups.map(({ group, value, low, high, queries, references }) => ({
      ...{ policy: name, group, value, low, high, queries, references },
    })),
  );
  if (rows.length === 0) return [];
  return [
    {
      kind: 'table',
      table: {
        id: 'coverage-by-group',
        caption: 'Coverage of what each group of people wrote or approved',
        columns: [
          { key: 'policy', title: 'policy' },
          { key: 'group', title: 'group' },
          ...valueColumns('coverage', 'percent'),
          { key: 'queries', title: 'queries', format: 'number' },
          { key: 'references', title: 'references', format: 'number' },
        ],
        rows,
      },
    },
  ];
}
