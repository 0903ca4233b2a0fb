import { join } from 'node:path';
import { describeValue, InterruptedError, UsageError } from '../../errors.js';
import { EXPERIMENTS, type Experiment, runExperiment } from '../../experiments/study/index.js';
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
import { writeFileAtomic } from '../../files/atomic.js';
import { type Context, defineCommand } from '../command.js';
import { experimentText, tuningText } from '../experiment-report.js';
import {
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
import { longName, type Settings } from '../settings.js';
import { studyText } from '../study-report.js';

const ALL_WORLDS = Object.keys(TEXT_WORLDS);
const ALL_METHODS = METHODS.map(({ name }) => name);
const ALL_KNOBS = KNOBS.map(({ name }) => name);

const SYNTHETIC = {
  worlds: optional(
    '--worlds <names>',
    'synthetic: worlds, separated by commas (default: all)',
    listOf(oneOf(...ALL_WORLDS)),
  ),
  methods: optional(
    '--methods <names>',
    'synthetic: methods, separated by commas; also other settings by name, as --knobs adds them (default: all)',
    listOf(text),
  ),
  knobs: onOff('--knobs', 'synthetic: all those other settings too, for wider envelopes'),
  seeds: optional('--seeds <n>', 'synthetic: seeds, from --seed on (default: 5)', positiveInteger),
  tune: onOff('--tune', 'synthetic: compare the settings of each method on validation queries; tuning.json and .md'),
  steps: optional('--steps <n>', `synthetic: steps of every method (default: ${FULL_BUDGET.steps})`, positiveInteger),
  baseSteps: optional(
    '--base-steps <n>',
    `synthetic: steps of the base (default: ${FULL_BUDGET.baseSteps})`,
    positiveInteger,
  ),
  samples: optional(
    '--samples <n>',
    `synthetic: answers to each query (default: ${FULL_BUDGET.samples})`,
    positiveInteger,
  ),
  device: optional(
    '--device <name>',
    'synthetic: auto, cpu or cuda, the same in every call on a folder (default: cpu)',
    oneOf('auto', 'cpu', 'cuda'),
  ),
  temperatures: optional(
    '--temperatures <list>',
    `synthetic: at which answers are sampled, 1 among them (default: ${FULL_BUDGET.temperatures.join(',')})`,
    listOf(positiveNumber),
  ),
};

const FLAGS = {
  output: required('-o, --output <folder>', 'folder of all models and results; table.json and table.md', outputFile),
  quick: onOff('--quick', 'tiny budgets: see that it runs'),
  json: onOff('--json', 'print table.json'),
  ...SYNTHETIC,
};

type ExperimentSettings = Settings<typeof FLAGS> & { seed: number; config: string | undefined };

const NAMES = ['synthetic', ...EXPERIMENTS.map(({ name }) => name)];

export const experiment = defineCommand({
  examples: [
    'pope experiment rq2 -o runs/rq2 --quick',
    'pope experiment rq2 --config rq2.json -o runs/rq2',
    'pope experiment synthetic -o runs --worlds pluralistic,skewed --seeds 3',
  ],
  arguments: [['<experiment>', `one of ${NAMES.join(', ')}`]],
  notes: [
    ['synthetic', 'by the flags above: train, sample, judge and value in the text worlds of docs/worlds.md'],
    ['the others', 'by the file of --config (docs/experiments.md), or on built-in worlds:'],
    ...EXPERIMENTS.map(({ name, summary }) => [name, summary] as const),
  ],
  flags: FLAGS,
  readsConfig: ([name]) => name !== 'synthetic',
  async run([name], settings, context) {
    try {
      if (name === 'synthetic') return await runSynthetic(settings, context);
      const found = EXPERIMENTS.find((each) => each.name === name);
      if (found === undefined) {
        throw new UsageError('OPTION', `experiment: expected one of ${NAMES.join(', ')}, got ${describeValue(name)}`);
      }
      refuseSynthetic(found.name, settings);
      await runStudy(found, settings, context);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError(error.code, `${error.message}; the same command goes on from there`);
    }
  },
});

/** @throws UsageError OPTION for a flag that only the synthetic experiment has */
function refuseSynthetic(name: string, settings: ExperimentSettings): void {
  const given = (Object.keys(SYNTHETIC) as (keyof typeof SYNTHETIC)[]).find(
    (flag) => settings[flag] !== undefined && settings[flag] !== false,
  );
  if (given === undefined) return;
  throw new UsageError(
    'OPTION',
    `${longName(SYNTHETIC[given].syntax)} is of the synthetic experiment; ${name} is told by the file of --config`,
  );
}

async function runStudy(found: Experiment, settings: ExperimentSettings, { terminal, signal }: Context): Promise<void> {
  const { output, config, quick, seed, json } = settings;
  const table = await runExperiment(found, {
    ...{ output, config, quick, seed, signal },
    onStage: ({ kind, name, state }) => {
      if (state !== 'kept') terminal.say(`${kind} ${name}: ${state}`);
    },
    onProgress: (progress) => terminal.progress(progress),
  });
  const report = studyText(table);
  await writeFileAtomic(join(output, 'table.md'), report);
  await (json ? terminal.writeJson(table) : terminal.write(report));
}

async function runSynthetic(settings: ExperimentSettings, { terminal, signal }: Context): Promise<void> {
  const { output, worlds = ALL_WORLDS, methods = ALL_METHODS, knobs, seeds = 5, seed, tune, quick, json } = settings;
  const { steps, baseSteps, samples, temperatures, device = 'cpu' } = settings;
  const named = { steps, baseSteps, samples, temperatures };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  const shared = {
    output,
    worlds,
    budget: { ...(quick ? QUICK_BUDGET : FULL_BUDGET), ...given },
    device,
    signal,
    onProgress: (progress: Parameters<typeof progressOf>[0]) => terminal.progress(progressOf(progress)),
  };
  const finish = async (name: string, table: unknown, report: string) => {
    await writeFileAtomic(join(output, `${name}.json`), `${JSON.stringify(table, null, 2)}\n`);
    await writeFileAtomic(join(output, `${name}.md`), report);
    await (json ? terminal.writeJson(table) : terminal.write(report));
  };
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
}

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
