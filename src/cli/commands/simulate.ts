import { AtomicWriter } from '../../data/files.js';
import { TabularWorld } from '../../experiments/worlds/tabular.js';
import { trueValue } from '../../experiments/worlds/tabular-truth.js';
import { toScoreLine } from '../../policy/score-line.js';
import { defineCommand } from '../command.js';
import { defaulted, expected, onOff, optional, outputFile, positiveInteger, required } from '../flags.js';
import { readable, table } from '../table.js';

export const simulate = defineCommand({
  name: 'simulate',
  summary: 'Write a log from a world whose true value is known, and print that value.',
  examples: [
    'pope simulate tabular -o log.jsonl --target-scores target.jsonl',
    'pope evaluate log.jsonl --target target.jsonl --logging log --reward identity',
  ],
  arguments: [['<world>', 'tabular: a few possible responses to each of a few queries, and groups of people who vote']],
  flags: {
    output: required('-o, --output <file>', 'log to write: .jsonl or .jsonl.gz', outputFile),
    targetScores: optional('--target-scores <file>', 'also write the scores of the target policy', outputFile),
    queries: defaulted('--queries <n>', 'logged queries', positiveInteger, 2000),
    slateSize: defaulted('--slate-size <n>', 'responses to each query', positiveInteger, 4),
    json: onOff('--json', 'print one JSON object'),
  },
  async run([name], { output, targetScores, queries, slateSize, seed, json }, { terminal }) {
    if (name !== 'tabular') throw expected('the world tabular', name);
    const world = new TabularWorld({ seed, slateSize });
    const slates = world.sample(queries);
    await writeLines(output, slates);
    if (targetScores !== undefined) {
      const target = world.policy('target');
      const origin = { ...target.identity, identity: target.id };
      const lines: object[] = [];
      for await (const { query, responses } of target.score(slates)) {
        lines.push(...responses.map((score) => toScoreLine(query, score, origin)));
      }
      await writeLines(targetScores, lines);
    }
    const forms = (['soft', 'expected'] as const).map((form) => ({ form, ...trueValue(world, { form }) }));
    if (json) return terminal.writeJson({ world: name, seed, queries, slateSize, truth: forms });
    await terminal.write(
      `True value of the target policy, reward identity, lambda 1 and 1\n\n${table(
        ['form', 'value', 'utility', 'diversity'],
        forms.map(({ form, value, utility, diversity }) => [form, ...[value, utility, diversity].map(readable)]),
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
