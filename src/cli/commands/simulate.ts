import { AtomicWriter } from '../../data/files.js';
import { simulate as simulateWorld } from '../../experiments/simulate.js';
import { toScoreLine } from '../../policy/score-line.js';
import { defineCommand } from '../command.js';
import { defaulted, onOff, optional, outputFile, positiveInteger, required } from '../flags.js';
import { readable, table } from '../table.js';

export const simulate = defineCommand({
  name: 'simulate',
  summary: 'Write a log from a world whose true value is known, and print that value.',
  examples: [
    'pope simulate tabular -o log.jsonl',
    'pope evaluate log.jsonl --target log.target.jsonl --logging log --reward identity',
  ],
  arguments: [['<world>', 'tabular: a few possible responses to each of a few queries, and groups of people who vote']],
  flags: {
    output: required('-o, --output <file>', 'log to write: .jsonl or .jsonl.gz', outputFile),
    targetScores: optional(
      '--target-scores <file>',
      'scores of the target policy (default: beside LOG as *.target.jsonl)',
      outputFile,
    ),
    queries: defaulted('--queries <n>', 'logged queries', positiveInteger, 2000),
    slateSize: defaulted('--slate-size <n>', 'responses to each query', positiveInteger, 4),
    json: onOff('--json', 'print one JSON object'),
  },
  async run([name], { output, targetScores, queries, slateSize, seed, json }, { terminal }) {
    const { slates, target, truth } = simulateWorld(name!, { seed, slateSize, queries });
    await writeLines(output, slates);
    const origin = { ...target.identity, identity: target.id };
    const lines: object[] = [];
    for await (const { query, responses } of target.score(slates)) {
      lines.push(...responses.map((score) => toScoreLine(query, score, origin)));
    }
    const scores = targetScores ?? `${output.replace(/\.jsonl(\.gz)?$/, '')}.target.jsonl`;
    await writeLines(scores, lines);
    if (json) return terminal.writeJson(truth);
    await terminal.write(
      `True value of the target policy (scores: ${scores}), reward identity, lambda 1 and 1\n\n${table(
        ['form', 'value', 'utility', 'diversity'],
        truth.truth.map(({ form, value, utility, diversity }) => [form, ...[value, utility, diversity].map(readable)]),
      )}`,
    );
  },
});

async function writeLines(path: string, lines: Iterable<object>): Promise<void> {
  const writer = await AtomicWriter.create(path);
  try {
    for (const line of lines) await writer.line(line);
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
