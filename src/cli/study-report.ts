import type { Cell, StudyTable, TableRow } from '../experiments/study/index.js';
import { markdownTable } from './table.js';

type Column = StudyTable['columns'][number];

/** The table of a study as Markdown: in the paper's shape, then every figure with its interval and its difference from the baseline. */
export function studyText({
  title,
  baseline,
  alpha,
  seeds,
  embedder,
  columns,
  rows,
  pareto,
  notes,
  warnings,
}: StudyTable): string {
  const level = `${Math.round(1000 * (1 - alpha)) / 10} %`;
  const compared = rows.filter((row) => columns.some(({ key }) => row.cells[key]?.difference));
  return [
    `## ${title}\n`,
    `Seeds: ${seeds.join(', ')}. Similarities by ${embedder}.\n`,
    valueTable(columns, rows),
    `With ${level} intervals over queries${columns.some(({ key }) => key === 'value' || key === 'index') ? '; ? and ?? mark values that the log supports weakly (caution) or not at all (unreliable)' : ''}\n`,
    markdownTable(
      headerOf(columns),
      rows.map((row) => [...labels(row), ...columns.map((column) => interval(column, row.cells[column.key]))]),
    ),
    ...(compared.length === 0
      ? []
      : [
          `Minus ${baseline}, paired by query\n`,
          markdownTable(
            headerOf(columns),
            compared.map((row) => [
              ...labels(row),
              ...columns.map((column) => difference(column, row.cells[column.key])),
            ]),
          ),
        ]),
    ...paretoTable(pareto),
    ...notes.map((note) => `${note}\n`),
    ...warningList(warnings),
  ].join('\n');
}

/** Figure 1 as a table; the points of queries are in table.json. */
function paretoTable(points: StudyTable['pareto']): string[] {
  if (points.length === 0) return [];
  const rows = points.map(({ backbone, data, method, lambda, temperature, diversity, plScore, isOnFront }) => [
    backbone,
    data,
    method,
    lambda === null ? '-' : String(lambda),
    String(temperature),
    ...[diversity, plScore].map((value) => value?.toFixed(4) ?? '-'),
    isOnFront ? 'yes' : '',
  ]);
  return [
    'PL-Score against diversity; no other point of its method is better in both than one on the front\n',
    markdownTable(
      ['backbone', 'data', 'method', 'lambda', 'temperature', 'Diversity', 'PL-Score', 'on the front'],
      rows,
    ),
  ];
}

/** Each warning once, with all that it is about. */
function warningList(warnings: StudyTable['warnings']): string[] {
  if (warnings.length === 0) return [];
  const lines = [...new Set(warnings.map(({ code }) => code))].map((code) => {
    const [first, ...others] = warnings.filter((warning) => warning.code === code);
    const more = others.length === 0 ? '' : `; also: ${others.map((other) => other.about).join(', ')}`;
    return `- ${code}: ${first!.about}: ${first!.message}${more}\n`;
  });
  return [`Warnings\n\n${lines.join('')}`];
}

const headerOf = (columns: readonly Column[]) => ['backbone', 'method', 'data', ...columns.map(({ label }) => label)];

const labels = ({ backbone, method, variant, data }: TableRow) => [
  backbone,
  variant === null ? method : `${method}, ${variant}`,
  data,
];

/** Backbones and methods down, data sets and columns across. */
function valueTable(columns: readonly Column[], rows: readonly TableRow[]): string {
  const sets = [...new Set(rows.map(({ data }) => data))];
  const lines = new Map<string, TableRow[]>();
  for (const row of rows) {
    const [backbone, method] = labels(row);
    const key = JSON.stringify([backbone, method]);
    lines.set(key, [...(lines.get(key) ?? []), row]);
  }
  const several = sets.length > 1;
  return markdownTable(
    [
      'backbone',
      'method',
      ...sets.flatMap((set) => columns.map(({ label }) => (several ? `${set}: ${label}` : label))),
    ],
    [...lines.values()].map((own) => [
      ...labels(own[0]!).slice(0, 2),
      ...sets.flatMap((set) => {
        const cells = own.find(({ data }) => data === set)?.cells ?? {};
        return columns.map((column) => number(column, cells[column.key]?.value));
      }),
    ]),
  );
}

const MARKS = { reliable: '', caution: '?', unreliable: '??' } as const;

function interval(column: Column, cell: Cell | undefined): string {
  if (cell === undefined) return '-';
  const bounds = cell.low === null ? '' : ` [${number(column, cell.low)}, ${number(column, cell.high)}]`;
  return `${number(column, cell.value)}${MARKS[cell.verdict ?? 'reliable']}${bounds}`;
}

function difference(column: Column, cell: Cell | undefined): string {
  if (!cell?.difference) return '-';
  const { value, low, high } = cell.difference;
  const signed = (x: number | null) => (x === null ? '-' : `${x < 0 ? '' : '+'}${number(column, x)}`);
  return low === null ? signed(value) : `${signed(value)} [${signed(low)}, ${signed(high)}]`;
}

function number({ scale, decimals }: Column, value: number | null | undefined): string {
  return value == null ? '-' : (scale * value).toFixed(decimals);
}
