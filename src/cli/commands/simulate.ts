import { AtomicWriter } from '../../data/files.js';
import type { Slate } from '../../data/slate.js';
import { simulate as simulateWorld, WORLDS } from '../../experiments/simulate.js';
import type { TextTruth } from '../../experiments/simulate-text.js';
import type { Policy } from '../../policy/policy.js';
import { toScoreLine } from '../../policy/score-line.js';
import { defineCommand } from '../command.js';
import { defaulted, onOff, optional, outputFile, positiveInteger, required } from '../flags.js';
import { readable, table } from '../table.js';

const TEXT_NAMES = WORLDS.filter((name) => name.startsWith('text-')).join(', ');

export const simulate = defineCommand({
  name: 'simulate',
  summary:
    'Write a log from a world whose true value is known, with the scores of a target policy, and print that value.',
  examples: [
    'pope simulate tabular -o log.jsonl',
    'pope evaluate log.jsonl --target log.target.jsonl --logging log --reward identity',
    'pope simulate text-pluralistic -o opinions.jsonl',
  ],
  arguments: [
    [
      '<world>',
      'tabular: a few possible responses to each of a few queries, and groups of people who vote; ' +
        `or sentences of a grammar, and people of several opinions: ${TEXT_NAMES}`,
    ],
  ],
  flags: {
    output: required('-o, --output <file>', 'log to write: .jsonl or .jsonl.gz', outputFile),
    targetScores: optional(
      '--target-scores <file>',
      'scores of the target policy (default: beside LOG as *.target.jsonl)',
      outputFile,
    ),
    queries: defaulted('--queries <n>', 'logged queries', positiveInteger, 1000),
    slateSize: defaulted('--slate-size <n>', 'responses to each query', positiveInteger, 4),
    json: onOff('--json', 'print all that is true of the world as one JSON object'),
  },
  async run([name], { output, targetScores, queries, slateSize, seed, json }, { terminal }) {
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

async function writeLines(path: string, lines: Iterable<object> | AsyncIterable<object>): Promise<void> {
  const writer = await AtomicWriter.create(path);
  try {
    for await (const line of lines) await writer.line(line);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
