import { join } from 'node:path';
import { writeFileAtomic } from '../../data/files.js';
import { describeValue, InterruptedError, UsageError } from '../../errors.js';
import {
  type CandidateResult,
  FULL_BUDGET,
  KNOBS,
  METHODS,
  QUICK_BUDGET,
  type SyntheticProgress,
  syntheticExperiment,
  tuneMethods,
} from '../../experiments/synthetic/index.js';
import { TEXT_WORLDS } from '../../experiments/worlds/text/worlds.js';
import { defineCommand } from '../command.js';
import { experimentText, tuningText } from '../experiment-report.js';
import {
  defaulted,
  listOf,
  oneOf,
  onOff,
  optional,
  outputFile,
  positiveInteger,
  positiveNumber,
  required,
  text,
} from '../flags.js';

const ALL_WORLDS = Object.keys(TEXT_WORLDS);
const ALL_METHODS = METHODS.map(({ name }) => name);
const ALL_KNOBS = KNOBS.map(({ name }) => name);

export const experiment = defineCommand({
  name: 'experiment',
  summary: 'Compare methods of training in worlds whose truth is known; docs/experiments.md.',
  examples: [
    'pope experiment synthetic -o runs --worlds pluralistic,skewed --seeds 3',
    'pope experiment synthetic -o runs --quick --methods sft,rwsft,opinion',
    'pope experiment synthetic -o runs --tune',
  ],
  arguments: [['<experiment>', 'synthetic: train, sample, judge and value in the text worlds of docs/worlds.md']],
  flags: {
    output: required('-o, --output <folder>', 'folder of all models and results; table.json and table.md', outputFile),
    worlds: defaulted('--worlds <names>', 'worlds, separated by commas', listOf(oneOf(...ALL_WORLDS)), ALL_WORLDS),
    methods: defaulted(
      '--methods <names>',
      'methods, separated by commas; also other settings by name, as --knobs adds them',
      listOf(text),
      ALL_METHODS,
    ),
    knobs: onOff('--knobs', 'all those other settings too, for wider envelopes'),
    seeds: defaulted('--seeds <n>', 'seeds, from --seed on', positiveInteger, 5),
    tune: onOff('--tune', 'instead: compare the settings of each method on validation queries; tuning.json and .md'),
    quick: onOff('--quick', 'tiny budgets: see that it runs'),
    steps: optional('--steps <n>', `steps of every method (default: ${FULL_BUDGET.steps})`, positiveInteger),
    baseSteps: optional('--base-steps <n>', `steps of the base (default: ${FULL_BUDGET.baseSteps})`, positiveInteger),
    samples: optional('--samples <n>', `answers to each query (default: ${FULL_BUDGET.samples})`, positiveInteger),
    temperatures: optional(
      '--temperatures <list>',
      `at which answers are sampled, 1 among them (default: ${FULL_BUDGET.temperatures.join(',')})`,
      listOf(positiveNumber),
    ),
    json: onOff('--json', 'print table.json'),
  },
  async run([name], settings, { terminal, signal }) {
    if (name !== 'synthetic') {
      throw new UsageError('OPTION', `experiment: expected synthetic, got ${describeValue(name)}`);
    }
    const { output, worlds, methods, knobs, seeds, seed, tune, quick, json } = settings;
    const { steps, baseSteps, samples, temperatures } = settings;
    const named = { steps, baseSteps, samples, temperatures };
    const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
    const shared = {
      output,
      worlds,
      budget: { ...(quick ? QUICK_BUDGET : FULL_BUDGET), ...given },
      signal,
      onProgress: (progress: Parameters<typeof progressOf>[0]) => terminal.progress(progressOf(progress)),
    };
    const finish = async (name: string, table: unknown, report: string) => {
      await writeFileAtomic(join(output, `${name}.json`), `${JSON.stringify(table, null, 2)}\n`);
      await writeFileAtomic(join(output, `${name}.md`), report);
      await (json ? terminal.writeJson(table) : terminal.write(report));
    };
    try {
      if (tune) {
        const table = await tuneMethods({ ...shared, families: methods });
        return await finish('tuning', table, tuningText(table));
      }
      const table = await syntheticExperiment({
        ...shared,
        methods: [...new Set([...methods, ...(knobs ? ALL_KNOBS : [])])],
        seeds: Array.from({ length: seeds }, (_, i) => seed + i),
        onResult: ({ world, seed, result }) => terminal.say(resultText(world, seed, result)),
      });
      await finish('table', table, experimentText(table));
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError(error.code, `${error.message}; the same command goes on from there`);
    }
  },
});

function progressOf({ world, seed, method, done, total }: Omit<SyntheticProgress, 'seed'> & { seed?: number }) {
  return {
    label: 'training and judging',
    done,
    total,
    unit: 'models',
    detail: `${[world, seed].join(' ').trim()}: ${method}`,
  };
}

function resultText(world: string, seed: number, { method, temperatures }: CandidateResult): string {
  const { metrics } = temperatures.find(({ temperature }) => temperature === 1)!;
  const [utility, coverage, invalid] = [metrics.utility, metrics.coverage6, metrics.invalidShare].map((value) =>
    value!.toFixed(3),
  );
  return `${world} ${seed}: ${method} done; utility ${utility}, coverage of 6 ${coverage}, invalid ${invalid}`;
}
