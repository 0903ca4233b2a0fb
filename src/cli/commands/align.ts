import { align, METHODS, planRun, resolveSettings, resumeFolder } from '../../align/index.js';
import { OPINION_RULES, PRESETS, type TrainingSettings } from '../../align/options.js';
import { InterruptedError } from '../../errors.js';
import { form, normalisation, reduction } from '../../estimators/result.js';
import { loadModel } from '../../models/index.js';
import { estimatorNames } from '../../native/objective.js';
import type { Policy } from '../../policy/policy.js';
import { scoreFile } from '../../policy/score-file.js';
import { REWARDS } from '../../reward/index.js';
import { defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import {
  defaulted,
  expected,
  number,
  oneOf,
  onOff,
  optional,
  type Parse,
  positiveNumber,
  required,
  several,
  text,
} from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { loadOptions } from '../model-flags.js';
import type { Settings } from '../settings.js';
import { readable } from '../table.js';
import { OPTIMISATION_FLAGS, optimisationSettings } from '../training-flags.js';
import { evaluationText, leftOutTexts, planText, progressText } from '../training-report.js';

const numberOr =
  <const T extends string>(...words: T[]): Parse<number | T> =>
  (value) =>
    words.find((word) => word === value) ?? number(value);

/** `comb`, `pooled` or `cover-8`. */
const opinionRule: Parse<{ rule: (typeof OPINION_RULES)[number]; n: number | undefined }> = (value) => {
  const [, name, n] = /^([a-z]+)(?:-(\d+))?$/.exec(value) ?? [];
  const rule = OPINION_RULES.find((known) => known === name);
  if (rule === undefined || (n !== undefined && rule !== 'cover')) throw expected('comb, pooled or cover-8', value);
  return { rule, n: n === undefined ? undefined : Number(n) };
};

const { split: _, ...WHOLE_LOG_FLAGS } = LOG_FLAGS;

const FLAGS = {
  model: required('--model <dir>', 'Hugging Face model folder to begin with', text),
  output: required('-o, --output <dir>', 'folder of the run: model, checkpoints, metrics', text),
  method: defaulted('--method <name>', METHODS.join(', '), oneOf(...METHODS), 'pope'),
  preset: defaulted(
    '--preset <name>',
    'what is not said: default trains stably, paper is as published',
    oneOf(...PRESETS),
    'default',
  ),
  logging: several(
    '--logging <scores...>',
    "score files of the logging policy, or the word log for the log's own propensities",
    text,
  ),
  reference: several('--reference <scores...>', 'score files of the initial model (default: it is scored once)', text),
  resume: onOff('--resume', 'go on with the run in the output folder'),
  dryRun: onOff('--dry-run', 'print parameters, memory and steps, and train nothing'),
  json: onOff('--json', 'print one JSON object'),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),

  objective: optional('--objective <name>', 'pope: slate, decomposed or bound', oneOf(...estimatorNames)),
  form: optional('--form <name>', 'pope: expected, soft or gated', oneOf(...form.options)),
  lambdaCu: optional('--lambda-cu <x>', 'pope: weight of utility', number),
  lambdaDiv: optional('--lambda-div <x>', 'pope: weight of diversity, or auto', numberOr('auto')),
  transform: optional('--transform <name:value>', 'pope: transform of the weights, such as clip:5, or none', text),
  reduction: optional('--reduction <name>', 'pope: sum or mean over a slate', oneOf(...reduction.options)),
  normalise: optional('--normalise <by>', 'pope: none, tokens or bytes', oneOf(...normalisation.options)),
  gradient: optional('--gradient <name>', "pope: exact, or the paper's score", oneOf('exact', 'score')),
  baseline: optional('--baseline <x>', 'pope: a number, mean or half-mean', numberOr('mean', 'half-mean')),
  tokenEntropy: onOff('--token-entropy', 'pope: reward the entropy of the tokens in place of the surprise'),
  proximity: optional('--proximity <kappa>', 'pope: penalty on leaving the initial model', number),
  beta: optional('--beta <x>', 'dpo, pl: beta (default: 0.1)', positiveNumber),
  power: optional('--power <x>', 'rwsft: exponent of the rewards (default: 1)', positiveNumber),
  opinion: optional('--opinion <rule>', 'opinion: comb, pooled or cover-N (default: comb)', opinionRule),
  opinionB: optional('--opinion-b <x>', 'opinion: exponent of the votes of an opinion (default: 1)', positiveNumber),
  opinionG: optional(
    '--opinion-g <x>',
    'opinion: exponent of the votes inside an opinion (default: 8, pooled 3)',
    positiveNumber,
  ),
  opinionA: optional('--opinion-a <x>', "opinion: exponent of the logger's share of it (default: 1)", number),
  responses: optional(
    '--responses <which>',
    'likelihood methods: one drawn of each slate, or all (default: drawn)',
    oneOf('drawn', 'all'),
  ),

  reward: optional('--reward <name>', `${REWARDS.join(', ')} (default: by what the log has)`, oneOf(...REWARDS)),
  ...OPTIMISATION_FLAGS,
  ...ENCODING_FLAGS,
  ...WHOLE_LOG_FLAGS,
};

export const alignCommand = defineCommand({
  name: 'align',
  summary: 'Fine-tune a language model on the training split of a log.',
  examples: [
    'pope align log.jsonl --model ./base --logging logging.jsonl -o run',
    'pope align log.jsonl --model ./base --method opinion --lr 1e-3 -o run --resume',
    'pope align log.jsonl --model ./base --logging log --preset paper --dry-run -o run',
  ],
  arguments: [['<log>', 'log file']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { terminal, signal } = context;
    const { output, resume, splitRatio, splitSeed } = settings;
    const training = trainingSettings(settings);
    const resolved = resolveSettings(training);
    const sources = {
      ...(settings.logging.length > 0 ? { logging: loggingOf(settings.logging) } : {}),
      ...(settings.reference.length > 0 ? { reference: scoreFile(settings.reference) } : {}),
      encoding: await encodingOptions(settings),
      splitRatio,
      splitSeed,
    };
    const log = await openLog(path!, { ...settings, split: undefined }, context);
    const from = (resume ? await resumeFolder(output) : null) ?? settings.model;
    const model = await loadModel(from, loadOptions({ device: settings.device }, context));
    try {
      if (settings.dryRun) {
        const plan = await planRun(model, log, sources, resolved, signal);
        if (settings.json) return await terminal.writeJson(plan);
        return await terminal.write(planText(plan));
      }
      const result = await align(model, log, {
        ...training,
        ...sources,
        output,
        resume,
        signal,
        onScored: (done) =>
          terminal.progress({ label: 'scoring the initial model', done, total: undefined, unit: 'queries' }),
        onProgress: (progress) =>
          terminal.progress({
            label: 'training',
            done: progress.step,
            total: progress.steps,
            unit: 'steps',
            detail: progressText(progress),
          }),
        onEvaluation: (evaluation) => terminal.say(evaluationText(evaluation)),
        onWarning: ({ code, message }) => terminal.say(`pope: ${code}: ${message}`),
      });
      saySkipped(log, context);
      for (const line of leftOutTexts(result.leftOut)) terminal.say(line);
      terminal.say(`model of step ${readable(result.modelStep)}: ${output}/model`);
      if (settings.json) await terminal.writeJson(result);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError(error.code, `${error.message}; the same command with --resume goes on from there`);
    } finally {
      model.dispose();
    }
  },
});

function loggingOf(paths: readonly string[]): Policy | 'log' {
  return paths.length === 1 && paths[0] === 'log' ? 'log' : scoreFile(paths);
}

/** The settings of training among those of the command. */
function trainingSettings(settings: Settings<typeof FLAGS> & { seed: number }): TrainingSettings {
  const { opinion } = settings;
  return {
    method: settings.method,
    preset: settings.preset,
    objective: settings.objective,
    form: settings.form,
    lambdaCu: settings.lambdaCu,
    lambdaDiv: settings.lambdaDiv,
    transform: settings.transform,
    reduction: settings.reduction,
    normalise: settings.normalise,
    gradient: settings.gradient,
    baseline: settings.baseline,
    tokenEntropy: settings.tokenEntropy,
    proximity: settings.proximity,
    beta: settings.beta,
    power: settings.power,
    opinion: opinion?.rule,
    opinionB: settings.opinionB,
    opinionG: settings.opinionG,
    opinionA: settings.opinionA,
    opinionN: opinion?.n,
    responses: settings.responses,
    reward: settings.reward,
    ...optimisationSettings(settings),
    seed: settings.seed,
  };
}
