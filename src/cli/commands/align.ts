import { align, planRun, resolveSettings, resumeFolder } from '../../align/index.js';
import type { TrainingSettings } from '../../align/options.js';
import { InterruptedError } from '../../errors.js';
import { loadModel } from '../../models/index.js';
import { scoreFile } from '../../policy/score-file.js';
import { ScoredSlates } from '../../policy/scored-slates.js';
import { defineCommand } from '../command.js';
import { ENCODING_FLAGS, encodingOptions } from '../encoding-flags.js';
import { defaulted, oneOf, onOff, optional, required, several, text } from '../flags.js';
import { LOG_FLAGS, openLog, saySkipped } from '../log-flags.js';
import { loggingPolicy } from '../logging-policy.js';
import { loadOptions } from '../model-flags.js';
import { OBJECTIVE_FLAGS, objectiveSettings } from '../objective-flags.js';
import { contextOf, launchOf, RANK_FLAGS, speaks, withRanks } from '../ranks.js';
import type { Settings } from '../settings.js';
import { readable } from '../table.js';
import { OPTIMISATION_FLAGS, optimisationSettings } from '../training-flags.js';
import { evaluationText, leftOutTexts, memoryAdvice, planText, progressText } from '../training-report.js';

const { split: _, ...WHOLE_LOG_FLAGS } = LOG_FLAGS;

const FLAGS = {
  model: required('--model <dir>', 'Hugging Face model folder to begin with', text),
  output: required('-o, --output <dir>', 'folder of the run: model, checkpoints, metrics', text),
  ...OBJECTIVE_FLAGS,
  logging: several(
    '--logging <scores...>',
    "score files of the logging policy, or the word log for the log's own propensities",
    text,
  ),
  skipUnscored: onOff(
    '--skip-unscored',
    'leave out queries with a response that these have no score of, and count them',
  ),
  reference: several('--reference <scores...>', 'score files of the initial model (default: it is scored once)', text),
  resume: onOff('--resume', 'go on with the run in the output folder'),
  checkpoint: defaulted(
    '--checkpoint <which>',
    'where a resumed run goes on: latest, or previous where the latest is broken',
    oneOf('latest', 'previous'),
    'latest',
  ),
  dryRun: onOff('--dry-run', 'print parameters, memory and steps, and train nothing'),
  json: onOff('--json', 'print one JSON object'),
  device: defaulted('--device <name>', 'auto, cpu or cuda', oneOf('auto', 'cpu', 'cuda'), 'auto'),
  dtype: defaulted(
    '--dtype <name>',
    'f32 or bf16, of the factors of products; weights that train and moments stay f32',
    oneOf('f32', 'bf16'),
    'f32',
  ),

  tokenEntropy: onOff('--token-entropy', 'pope: reward the entropy of the tokens in place of the surprise'),
  responses: optional(
    '--responses <which>',
    'likelihood methods: one drawn of each slate, or all (default: drawn)',
    oneOf('drawn', 'all'),
  ),

  ...RANK_FLAGS,
  ...OPTIMISATION_FLAGS,
  ...ENCODING_FLAGS,
  ...WHOLE_LOG_FLAGS,
};

export const alignCommand = defineCommand({
  examples: [
    'pope align log.jsonl --model ./base --logging logging.jsonl -o run',
    'pope align log.jsonl --model ./base --method opinion --lr 1e-3 -o run --resume',
    'pope align log.jsonl --model ./base --logging log --preset paper --dry-run -o run',
    'mpirun -n 2 pope align log.jsonl --model ./base --logging log -o run --distributed',
  ],
  arguments: [['<log>', 'log file']],
  flags: FLAGS,
  async run([path], settings, own) {
    const launch = launchOf(settings);
    const context = contextOf(launch, own);
    const { terminal, signal } = context;
    const { output, resume, checkpoint, splitRatio, splitSeed } = settings;
    const training = trainingSettings(settings);
    const resolved = resolveSettings(training);
    const sources = {
      ...(settings.logging.length > 0 ? { logging: loggingPolicy(settings.logging) } : {}),
      ...(settings.reference.length > 0 ? { reference: scoreFile(settings.reference) } : {}),
      encoding: await encodingOptions(settings),
      splitRatio,
      splitSeed,
    };
    const log = await openLog(path!, { ...settings, split: undefined }, context);
    const scored = new ScoredSlates(log, sources.logging === undefined ? [] : [sources.logging]);
    const slates = settings.skipUnscored ? scored : log;
    const from = (resume ? await resumeFolder(output, checkpoint) : null) ?? settings.model;
    const { device, dtype, dryRun: dry } = settings;
    const zero = settings.zero === '1' ? 1 : 0;
    const frozen = training.lora !== undefined;
    const model = await loadModel(from, loadOptions({ device, dtype, dry, frozen }, context));
    try {
      if (settings.dryRun) {
        if (!speaks(launch)) return;
        const plan = await planRun(model, slates, sources, resolved, { ranks: launch?.size ?? 1, zero, signal });
        if (settings.json) return await terminal.writeJson(plan);
        await terminal.write(planText(plan));
        const advice = memoryAdvice(plan);
        return advice === null ? undefined : terminal.say(advice);
      }
      const result = await withRanks(launch, model.trained.device, (communicator) =>
        align(model, slates, {
          ...training,
          ...sources,
          output,
          resume,
          checkpoint,
          communicator,
          zero,
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
        }),
      );
      saySkipped(log, context);
      if (scored.skipped > 0)
        terminal.say(`${readable(scored.skipped)} queries have a response without a score and were left out`);
      for (const line of leftOutTexts(result.leftOut)) terminal.say(line);
      terminal.say(`model of step ${readable(result.modelStep)}: ${output}/model`);
      if (settings.json && speaks(launch)) await terminal.writeJson(result);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      throw new InterruptedError(error.code, `${error.message}; the same command with --resume goes on from there`);
    } finally {
      model.dispose();
    }
  },
});

/** The settings of training among those of the command. */
function trainingSettings(settings: Settings<typeof FLAGS> & { seed: number }): TrainingSettings {
  return {
    ...objectiveSettings(settings),
    tokenEntropy: settings.tokenEntropy,
    responses: settings.responses,
    ...optimisationSettings(settings),
    seed: settings.seed,
  };
}
