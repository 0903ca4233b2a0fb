import { HUNDREDFOLD, METRIC_NAMES } from '../metrics/measure/names.js';
import type { JudgeSummary, Measurement, Measurements } from '../metrics/measure/result.js';
import { percent, readable, table } from './table.js';

/** The result of `pope metrics` for people. */
export function metricsReport(result: Measurements): string {
  const { policy, queries, responses, references, encoder, alpha, metrics, groups, judge, warnings } = result;
  const header = ['', 'value', 'low', 'high', 'queries'];
  const rows = metrics.map(({ metric, ...measured }) => [
    METRIC_NAMES[metric],
    ...cells(measured, HUNDREDFOLD.has(metric) ? 100 : 1),
  ]);
  return [
    `Policy "${policy}": ${readable(responses)} responses to ${readable(queries)} queries, against ${readable(references)} references\n` +
      `encoder: ${encoder.kind} ${encoder.id}; intervals of ${percent(1 - alpha)} over queries\n`,
    table(header, rows),
    groups.length === 0
      ? ''
      : `Coverage by group\n\n${table(
          header,
          groups.map(({ group, references: _, ...measured }) => [group, ...cells(measured, 1)]),
        )}`,
    judge === null ? '' : judgeText(judge),
    warnings.map(({ code, message }) => `warning: ${code}: ${message}\n`).join(''),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function cells({ value, low, high, queries }: Measurement, factor: number): string[] {
  return [
    ...[value, low, high].map((number) => (number === null ? '-' : readable(number * factor))),
    readable(queries),
  ];
}

function judgeText({
  model,
  against,
  wins,
  ties,
  losses,
  unreadable,
  winRate,
  orderAgreement,
  tokens,
}: JudgeSummary): string {
  const [value, low, high] = cells(winRate, 1);
  return (
    `Judged by ${model} against policy "${against}": ${wins} wins, ${ties} ties, ${losses} losses` +
    `${unreadable > 0 ? `, ${unreadable} without a verdict` : ''}; win rate ${value} [${low}, ${high}]\n` +
    `both orders agree on ${orderAgreement === null ? '-' : percent(orderAgreement)}; ` +
    `${readable(tokens.prompt)} + ${readable(tokens.completion)} tokens\n`
  );
}
