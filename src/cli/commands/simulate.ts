import { writeLines } from '../../data/atomic-writer.js';
import type { Slate } from '../../data/slate.js';
import { UsageError } from '../../errors.js';
import { type StudyRow, studyEstimators } from '../../experiments/estimator-study.js';
import { simulate as simulateWorld, TABULAR_WORLDS, WORLDS } from '../../experiments/simulate.js';
import type { TextTruth } from '../../experiments/simulate-text.js';
import { writeFileAtomic } from '../../files/atomic.js';
import type { Policy } from '../../policy/policy.js';
import { toScoreLine } from '../../policy/score-line.js';
import { figureSvg, studyFigure } from '../../report/index.js';
import { defineCommand } from '../command.js';
import { defaulted, onOff, optional, outputFile, positiveInteger, svgFile } from '../flags.js';
import { percent, readable, table } from '../table.js';

const FLAWED_NAMES = [...TABULAR_WORLDS.keys()].slice(1).join(', ');
const TEXT_NAMES = WORLDS.filter((name) => name.startsWith('text-')).join(', ');

export const simulate = defineCommand({
  examples: [
    'pope simulate tabular -o log.jsonl',
    'pope evaluate log.jsonl --target log.target.jsonl --logging log --reward identity',
    'pope simulate text-pluralistic -o opinions.jsonl',
    'pope simulate tabular-heavy-tails --study 200',
  ],
  arguments: [
    [
      '<world>',
      'tabular: a few possible responses to each of a few queries, and groups of people who vote; ' +
        `the same with something wrong: ${FLAWED_NAMES}; ` +
        `or sentences of a grammar, and people of several opinions: ${TEXT_NAMES}`,
    ],
  ],
  flags: {
    output: optional(
      '-o, --output <file>',
      'log to write: .jsonl, .jsonl.gz or .parquet (required without --study)',
      outputFile,
    ),
    targetScores: optional(
      '--target-scores <file>',
      'scores of the target policy (default: beside LOG as *.target.jsonl)',
      outputFile,
    ),
    study: optional(
      '--study <seeds>',
      'instead of a log: bias, variance, coverage and verdicts of the estimators over so many tabular worlds',
      positiveInteger,
    ),
    chart: optional('--chart <file>', 'draw the study too: an .svg file', svgFile),
    queries: defaulted('--queries <n>', 'logged queries', positiveInteger, 1000),
    slateSize: defaulted('--slate-size <n>', 'responses to each query', positiveInteger, 4),
    json: onOff('--json', 'print all that is true of the world as one JSON object'),
  },
  async run(
    [name],
    { output, targetScores, study: seeds, chart, queries, slateSize, seed, json },
    { terminal, signal },
  ) {
    if (seeds !== undefined) {
      const onProgress = (done: number) => terminal.progress({ label: 'worlds', done, total: seeds, unit: 'worlds' });
      const study = await studyEstimators(name!, { seeds, queries, slateSize, seed, signal, onProgress });
      if (chart !== undefined) await writeFileAtomic(chart, await figureSvg(studyFigure(study)));
      return json ? terminal.writeJson(study) : terminal.write(studyTable(study.rows));
    }
    if (chart !== undefined) throw new UsageError('BAD_OPTION', '--chart: only a study (--study) has a chart');
    if (output === undefined) throw new UsageError('MISSING_OPTION', '--output is required: the log to write');
    const { slates, target, truth } = simulateWorld(name!, { seed, slateSize, queries });
    const scores = targetScores ?? `${output.replace(/\.jsonl(\.gz)?$/, '')}.target.jsonl`;
    await writeLines(output, slates);
    await writeLines(scores, scoreLines(target, slates));
    if (json) return terminal.writeJson(truth);
    const rows = truth.truth.map(({ form, value, standardError, utility, diversity }) => [
      form,
      standardError === undefined ? readable(value) : `${readable(value)} ± ${readable(standardError)}`,
      ...[utility, diversity].map(readable),
    ]);
    await terminal.write(
      'True value of the target policy by form of the reward (identity; lambda 1 and 1; sum over a slate)\n\n' +
        `${table(['form', 'value', 'utility', 'diversity'], rows)}\n` +
        `${'policies' in truth ? policyTable(truth) : ''}` +
        `Estimate it: pope evaluate ${output} --target ${scores} --logging log --reward identity\n`,
    );
  },
});

function studyTable(rows: readonly StudyRow[]): string {
  const header = [
    'estimator',
    'weights',
    'bias',
    'variance',
    'MSE',
    'covered',
    'width',
    'reliable',
    'caution',
    'unreliable',
    'covered when reliable',
  ];
  return (
    'Errors of the value (form soft; normalise none) and its 95 % t intervals; the bound is below the value by design\n\n' +
    table(
      header,
      rows.map((row) => [
        row.selfNormalised ? `${row.estimator}, self-normalised` : row.estimator,
        row.transform,
        ...[row.bias, row.variance, row.mse].map(readable),
        percent(row.coverage),
        readable(row.width),
        ...[row.verdicts.reliable, row.verdicts.caution, row.verdicts.unreliable].map(percent),
        row.coverageWhenReliable === null ? '-' : percent(row.coverageWhenReliable),
      ]),
    )
  );
}

function policyTable({ policies }: TextTruth): string {
  const header = ['policy', 'utility', 'invalid', 'coverage of 6', 'by share', 'of 50', 'total variation', 'entropy'];
  const rows = policies.map((row) => [
    row.policy,
    ...[row.utility, row.invalidShare, row.coverage6, row.weightedCoverage6, row.coverage50].map(shortened),
    ...[row.totalVariation, row.groupEntropy].map(shortened),
  ]);
  return `Policies of this world, exactly (human and mode: the ideals of matching people, and of the largest group)\n\n${table(header, rows)}\n`;
}

/** Three decimals: what tiny rounding errors leave of zero is zero. */
function shortened(value: number): string {
  return value.toFixed(3);
}

async function* scoreLines(policy: Policy, slates: readonly Slate[]): AsyncGenerator<object> {
  const origin = { ...policy.identity, identity: policy.id };
  for await (const { query, responses } of policy.score(slates)) {
    for (const score of responses) yield toScoreLine(query, score, origin);
  }
}
