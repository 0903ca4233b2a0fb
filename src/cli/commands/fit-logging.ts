import { DEFAULT_FOLDS, DEFAULT_PATIENCE, type FittedLogging, fitLogging } from '../../align/fit-logging.js';
import { PRESETS } from '../../align/options.js';
import { InterruptedError, UsageError } from '../../errors.js';
import { defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import { defaulted, oneOf, onOff, optional, required, text, wholeNumber } from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { readable, table } from '../table.js';
import { OPTIMISATION_FLAGS, optimisationSettings } from '../training-flags.js';
import { evaluationText, progressText } from '../training-report.js';

type Preset = (typeof PRESETS)[number];

const FLAGS = {
  model: optional('--model <dir>', 'Hugging Face model folder to begin with (required)', text),
  output: required('-o, --output <dir>', 'folder for scores, folds and model; what is there already is kept', text),
  folds: defaulted(
    '--folds <n>',
    'parts of the queries, each scored by a model of the others',
    wholeNumber,
    DEFAULT_FOLDS,
  ),
  preset: defaulted(
    '--preset <name>',
    'what is not said: default trains stably, paper is as published (GPT-2 Medium)',
    oneOf(...PRESETS),
    'default',
  ),
  checkpoint: defaulted(
    '--checkpoint <which>',
    'where a resumed run goes on: latest, or previous where the latest is broken',
    oneOf('latest', 'previous'),
    'latest',
  ),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
  json: onOff('--json', 'print one JSON object'),
  ...OPTIMISATION_FLAGS,
  patience: defaulted(
    '--patience <n>',
    'stop a fit after so many validations without a better one, and keep the best; 0: never',
    wholeNumber,
    DEFAULT_PATIENCE,
  ),
  ...ENCODING_FLAGS,
  ...LOG_FLAGS,
};

export const fitLoggingCommand = defineCommand({
  examples: [
    'pope fit-logging log.jsonl --model ./gpt2 -o pi0',
    'pope fit-logging log.jsonl --model ./gpt2-medium --preset paper -o pi0',
    'pope evaluate log.jsonl --target target.jsonl --logging pi0/scores.jsonl',
  ],
  arguments: [['<log>', 'log file, or - for standard input']],
  flags: FLAGS,
  async run([path], settings, context) {
    const { terminal, signal } = context;
    const { output, folds, preset, checkpoint, device, seed } = settings;
    const name = (fold: number | null) => (fold === null ? 'all queries' : `fold ${fold} of ${folds}`);
    const model = settings.model ?? refuseModel(preset);
    const encoding = await encodingOptions(settings);
    const log = await openLog(path!, settings, context);
    try {
      const result = await fitLogging(log, {
        ...optimisationSettings(settings),
        patience: settings.patience,
        preset,
        seed,
        model,
        output,
        folds,
        checkpoint,
        device,
        encoding,
        signal,
        onProgress: (fold, progress) =>
          terminal.progress({
            label: `fitting ${name(fold)}`,
            done: progress.step,
            total: progress.steps,
            unit: 'steps',
            detail: progressText(progress),
          }),
        onEvaluation: (fold, evaluation) => terminal.say(`${name(fold)}: ${evaluationText(evaluation)}`),
        onWarning: (fold, { code, message }) => terminal.say(`pope: ${code}: ${name(fold)}: ${message}`),
        onScored: (fold, done) =>
          terminal.progress({ label: `scoring ${name(fold)}`, done, total: undefined, unit: 'queries' }),
      });
      saySkipped(log, context);
      if (result.skipped > 0) {
        terminal.say(`${readable(result.skipped)} queries exceed the model's context and have no scores`);
      }
      if (settings.json) return await terminal.writeJson(result);
      await terminal.write(summary(result));
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError(error.code, `${error.message}; the same command goes on from there`);
    }
  },
});

function refuseModel(preset: Preset): never {
  const which =
    preset === 'paper'
      ? 'the paper fits GPT-2 Medium: give the folder with its files from https://huggingface.co/openai-community/gpt2-medium'
      : 'a folder in Hugging Face layout';
  throw new UsageError('MISSING_OPTION', `pope fit-logging needs --model <dir>: ${which}`);
}

function summary({ folds, heldOut, scores, model }: FittedLogging): string {
  const row = (label: string, { queries, responses, tokens, perplexity }: FittedLogging['heldOut'], step: string) => [
    label,
    ...[queries, responses, tokens].map(readable),
    perplexity === null ? '-' : readable(perplexity),
    step,
  ];
  return `Held out: each fold by the model of the others\n\n${table(
    ['fold', 'queries', 'responses', 'tokens', 'perplexity', 'step'],
    [...folds.map((each) => row(String(each.fold), each, readable(each.modelStep))), row('all', heldOut, '')],
  )}\nLogging policy: --logging ${scores}\nModel of all queries: ${model}\n`;
}
