import { type BarChart, barChart } from '../charts/bars.js';
import { intervalChart } from '../charts/intervals.js';
import { type Run, runsOf } from '../inputs/run.js';
import type { PaperTable } from '../inputs/schemas.js';
import type { Block, Layout, Section } from '../model.js';
import { type SectionContext, slug } from './shared.js';

/** Figures 2 to 4 of the paper, the last as a rate with its interval, and the leading columns of its tables. */
const DRAWN = [
  ...['plScore', 'helpfulness', 'distinct2', 'pluralisticCoverage', 'opinionCoverage'],
  ...['selfBleuPerQuery', 'selfBleu', 'alignScore', 'winRate'],
];

/** The paper's experiments: a panel of bars for each figure and setting, and the whole table with paired differences. */
export function paperTables(runs: readonly Run[], { colours }: SectionContext): Section | null {
  const blocks = runsOf(runs, 'paper').flatMap(({ name, data }) => {
    const legend = colours.entries(data.rows.map(({ method }) => method));
    const panels = settingsOf(data).flatMap((setting) =>
      data.columns
        .filter(({ key }) => DRAWN.includes(key))
        .flatMap(({ key, label, scale }) => {
          const bars = barsOf(data, setting, { key, scale });
          if (bars.length === 0) return [];
          const chart: BarChart = { bars, legend, title: '' };
          const draw = (layout: Layout) =>
            key === 'winRate'
              ? intervalChart({ points: bars, legend, title: 'win rate', reference: 0.5 * scale, byRow: true }, layout)
              : barChart(chart, layout);
          return [{ title: `${label}: ${setting}`, draw: (layout: Layout) => draw({ ...layout, legend: false }) }];
        }),
    );
    const table = wholeTable(name, data);
    const blocks: Block[] =
      panels.length === 0
        ? [{ kind: 'table', table }]
        : [
            {
              kind: 'figure',
              data: table,
              description:
                'Bars with intervals over queries: one panel for each metric and setting, one bar for each method.',
              panels,
              columns: 2,
              legend,
            },
          ];
    return blocks;
  });
  return blocks.length === 0 ? null : { id: 'experiments', title: 'Experiments of the paper', blocks };
}

/** Backbone, training data and data: what the bars of one panel share. */
function settingOf({ backbone, trainedOn, data }: PaperTable['rows'][number]): string {
  return `${backbone}, ${trainedOn === null || trainedOn === data ? data : `${trainedOn} to ${data}`}`;
}

/** Rows as they are have the setting of those that were trained on the same data. */
function settingsOf({ rows }: PaperTable): string[] {
  return [...new Set(rows.map(settingOf))];
}

function barsOf({ rows }: PaperTable, setting: string, { key, scale }: { key: string; scale: number }) {
  return rows.flatMap((row) => {
    const cell = row.cells[key];
    if (settingOf(row) !== setting || !cell || cell.value === null) return [];
    const scaled = (value: number | null) => (value === null ? null : value * scale);
    const label = row.variant === null ? row.method : `${row.method}, ${row.variant}`;
    return [{ label, policy: row.method, value: cell.value * scale, low: scaled(cell.low), high: scaled(cell.high) }];
  });
}

function wholeTable(name: string, { title, baseline, columns, rows, seeds, embedder, experiment }: PaperTable) {
  return {
    id: slug('experiment', experiment, name),
    caption: `${title}. Embedder ${embedder}; means over ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}, intervals over queries${baseline === null ? '' : `, differences from ${baseline} paired by query`}`,
    columns: [
      { key: 'backbone', title: 'backbone' },
      { key: 'trainedOn', title: 'trained on' },
      { key: 'data', title: 'data' },
      { key: 'method', title: 'method' },
      { key: 'variant', title: 'variant' },
      { key: 'metric', title: 'metric' },
      { key: 'value', title: 'value', format: 'number' as const },
      { key: 'low', title: 'low', format: 'number' as const },
      { key: 'high', title: 'high', format: 'number' as const },
      ...(baseline === null
        ? []
        : [
            { key: 'difference', title: `from ${baseline}`, format: 'number' as const },
            { key: 'differenceLow', title: 'low', format: 'number' as const },
            { key: 'differenceHigh', title: 'high', format: 'number' as const },
          ]),
    ],
    rows: rows.flatMap(({ backbone, trainedOn, data, method, variant, cells }) =>
      columns.flatMap(({ key, label, scale }) => {
        const cell = cells[key];
        if (!cell) return [];
        const scaled = (value: number | null | undefined) => (typeof value === 'number' ? value * scale : null);
        return [
          {
            ...{ backbone, trainedOn, data, method, variant, metric: label },
            ...{ value: scaled(cell.value), low: scaled(cell.low), high: scaled(cell.high) },
            difference: scaled(cell.difference?.value),
            differenceLow: scaled(cell.difference?.low),
            differenceHigh: scaled(cell.difference?.high),
          },
        ];
      }),
    ),
  };
}
