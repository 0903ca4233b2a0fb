/** @file The logging policy of a log that has none: a model fitted to what was logged (docs/theory.md section 7). */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AtomicWriter } from '../data/atomic-writer.js';
import type { Slate, SlateLog } from '../data/slate.js';
import type { Warning } from '../estimators/result.js';
import { writeFileAtomic } from '../files/atomic.js';
import { locked, OutputLock } from '../files/lock.js';
import { type LoadOptions, loadModel } from '../models/index.js';
import { LocalPolicy } from '../policy/local-policy.js';
import { scoreToFile } from '../policy/score-cache.js';
import { readScores } from '../policy/score-file.js';
import { type ScoreOrigin, toScoreLine } from '../policy/score-line.js';
import type { ScoreTable } from '../policy/score-table.js';
import { align } from './align.js';
import { Folds } from './folds.js';
import type { TrainingSettings } from './options.js';
import type { TrainingSources } from './prepare.js';
import type { AlignResult } from './result.js';
import type { AlignProgress } from './run.js';
import { type ResumeFrom, RunFolder, resumeFolder } from './run-folder.js';
import type { Evaluation } from './warnings.js';

export const DEFAULT_FOLDS = 5;
/** Validations without a better one after which a fit stops. */
export const DEFAULT_PATIENCE = 3;

/** The settings of training that a fit has; what is left out is as of `align` with method sft-all. */
export type FittingSettings = Pick<
  TrainingSettings,
  | 'preset'
  | 'lora'
  | 'loraAlpha'
  | 'loraDropout'
  | 'loraTargets'
  | 'lr'
  | 'schedule'
  | 'warmup'
  | 'steps'
  | 'epochs'
  | 'batch'
  | 'betas'
  | 'eps'
  | 'weightDecay'
  | 'maxNorm'
  | 'batchTokens'
  | 'checkpointing'
  | 'validateEvery'
  | 'validationQueries'
  | 'patience'
  | 'checkpointEvery'
  | 'keep'
  | 'seed'
>;

/** What is fitted, to how many folds, and into which folder; the settings of training are those of `align`. */
export interface FitLoggingOptions extends FittingSettings {
  /** Folder of the model to begin with, in Hugging Face layout. */
  model: string;
  /** Folder to write; what an earlier call with the same arguments left there is gone on with. */
  output: string;
  folds?: number | undefined;
  /** How text becomes tokens. */
  encoding?: TrainingSources['encoding'];
  device?: LoadOptions['device'] | undefined;
  /** Where the fit that was interrupted goes on; default its latest checkpoint. */
  checkpoint?: ResumeFrom | undefined;
  signal?: AbortSignal | undefined;
  /** Called after every step; as in the next two, fold is null for the model of all queries. */
  onProgress?: ((fold: number | null, progress: AlignProgress) => void) | undefined;
  /** Called after every validation. */
  onEvaluation?: ((fold: number | null, evaluation: Evaluation) => void) | undefined;
  /** Called when a warning of docs/training.md is raised. */
  onWarning?: ((fold: number | null, warning: Warning) => void) | undefined;
  /** Queries of a fold that its model has scored. */
  onScored?: ((fold: number, queries: number) => void) | undefined;
}

/** How well responses are foreseen by a model that did not see their query. */
export interface HeldOut {
  queries: number;
  responses: number;
  /** Tokens, ends included. */
  tokens: number;
  /** exp(-mean log-probability of a token); null where there is none. */
  perplexity: number | null;
}

/** The fit of one fold, of what the other folds hold, and how well it foresees this one. */
export interface FoldFit extends HeldOut {
  fold: number;
  /** Steps taken, and the step whose model scored. */
  steps: number;
  modelStep: number;
  ended: AlignResult['ended'];
}

/** fit.json. */
export interface FittedLogging {
  /** Of the lines of scores.jsonl. */
  policy: ScoreOrigin;
  /** Path of the cross-fitted scores, and of the model that was fitted to everything. */
  scores: string;
  model: string;
  folds: FoldFit[];
  heldOut: HeldOut;
  /** Queries without scores, because they exceed the model's context (`onOverflow: 'skip'`). */
  skipped: number;
}

/**
 * Fits a model to all responses of a log, by maximum likelihood, and scores them cross-fitted: each fold of the queries by a model
 * that was fitted to the other folds, so that no response is scored by a model that saw it, its query or its cluster.
 * Writes the run folders `fold-1`, `fold-2`, ..., `scores.jsonl` in log order, and, the output folder being a run folder too,
 * `model`: fitted to everything, to generate with. Killed at any moment, the same call goes on and ends with the same files.
 *
 * @throws UsageError FOLDS, OUTPUT_LOCKED; what `align`, `loadModel` and `scoreToFile` throw
 */
export async function fitLogging(log: SlateLog, options: FitLoggingOptions): Promise<FittedLogging> {
  return locked(OutputLock.ofFile(scoresOf(options)), () => fitAndScore(log, options));
}

async function fitAndScore(log: SlateLog, options: FitLoggingOptions): Promise<FittedLogging> {
  const { output, folds: count = DEFAULT_FOLDS, seed = 0, signal } = options;
  const folds = await Folds.deal(log, { count, seed, signal });
  // First, because it finds out at once whether the folder holds a run with other settings.
  await fitModel(log, folds, null, options);
  const fits: AlignResult[] = [];
  const scored: ScoredFold[] = [];
  for (let fold = 1; fold <= count; fold++) {
    fits.push(await fitModel(log, folds, fold, options));
    scored.push(await scoreFold(log, folds, fold, options));
  }
  const policy = originOf(scored);
  const scores = scoresOf(options);
  const heldOut = await mergeScores(log, folds, { scored, policy, path: scores });
  const result: FittedLogging = {
    policy,
    scores,
    model: join(output, 'model'),
    folds: fits.map(({ steps, modelStep, ended }, i) => ({
      fold: i + 1,
      ...perplexityOf([heldOut[i]!]),
      steps,
      modelStep,
      ended,
    })),
    heldOut: perplexityOf(heldOut),
    skipped: scored.reduce((sum, { skipped }) => sum + skipped, 0),
  };
  await writeFileAtomic(join(output, 'fit.json'), `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Fits to all folds but one, or to all; what is there of it already is kept. */
async function fitModel(
  log: SlateLog,
  folds: Folds,
  fold: number | null,
  options: FitLoggingOptions,
): Promise<AlignResult> {
  const { model: base, device, encoding, checkpoint, signal, onProgress, onEvaluation, onWarning } = options;
  const output = runFolder(options, fold);
  const model = await loadModel(
    (await resumeFolder(output, checkpoint)) ?? base,
    device === undefined ? {} : { device },
  );
  try {
    const result = await align(model, withoutVotes(log), {
      ...fittingSettings(options),
      method: 'sft-all',
      responses: 'all',
      output,
      resume: true,
      checkpoint,
      encoding,
      partition: folds.partition(fold),
      signal,
      onProgress: (progress) => onProgress?.(fold, progress),
      onEvaluation: (evaluation) => onEvaluation?.(fold, evaluation),
      onWarning: (warning) => onWarning?.(fold, warning),
    });
    // With the optimizer's moments they are several times the size of the model, of which there is one for each fold.
    await new RunFolder(output).removeCheckpoints();
    return result;
  } finally {
    model.dispose();
  }
}

interface ScoredFold {
  path: string;
  origin: ScoreOrigin;
  skipped: number;
}

async function scoreFold(log: SlateLog, folds: Folds, fold: number, options: FitLoggingOptions): Promise<ScoredFold> {
  const { encoding, device, batchTokens, signal, onScored } = options;
  const { path: folder, model: fitted } = new RunFolder(runFolder(options, fold));
  const path = join(folder, 'scores.jsonl');
  const model = await loadModel(fitted, { frozen: true, ...(device === undefined ? {} : { device }) });
  try {
    const policy = new LocalPolicy(model, {
      ...encoding,
      name: `fitted-${fold}`,
      ...(batchTokens === undefined ? {} : { batchTokens }),
    });
    const { skipped } = await scoreToFile(policy, slatesOf(log), path, {
      selects: (slate) => folds.foldOf(slate) === fold,
      ...(signal === undefined ? {} : { signal }),
      onProgress: ({ queries }) => onScored?.(fold, queries),
    });
    return { path, origin: { ...policy.identity, identity: policy.id }, skipped };
  } finally {
    model.dispose();
  }
}

/** The models of the folds as one policy: its hashes are those of the list of theirs. */
function originOf(scored: readonly ScoredFold[]): ScoreOrigin {
  const origins = scored.map(({ origin }) => origin);
  const hash = (values: readonly (string | null)[]) =>
    `sha256:${createHash('sha256').update(JSON.stringify(values)).digest('hex')}`;
  return {
    ...origins[0]!,
    policy: 'fitted',
    model: hash(origins.map(({ model }) => model)),
    identity: hash(origins.map(({ identity }) => identity)),
  };
}

interface Sums {
  queries: number;
  responses: number;
  tokens: number;
  /** Nats. */
  logProb: number;
}

/** Writes the scores of all folds in log order under one policy; returns the sums of each fold. */
async function mergeScores(
  log: SlateLog,
  folds: Folds,
  { scored, policy, path }: { scored: readonly ScoredFold[]; policy: ScoreOrigin; path: string },
): Promise<Sums[]> {
  const tables: ScoreTable[] = [];
  for (const fold of scored) tables.push(await readScores([fold.path]));
  const sums = scored.map((): Sums => ({ queries: 0, responses: 0, tokens: 0, logProb: 0 }));
  const writer = await AtomicWriter.create(path, { locks: false });
  try {
    for await (const slate of log) {
      const index = folds.foldOf(slate) - 1;
      const scores = slate.responses.flatMap(({ id }) => tables[index]!.get(slate.id, id) ?? []);
      const sum = sums[index]!;
      if (scores.length > 0) sum.queries++;
      for (const score of scores) {
        sum.responses++;
        sum.tokens += score.tokens;
        sum.logProb += score.logprob;
        await writer.line(toScoreLine(slate.id, score, policy));
      }
    }
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return sums;
}

function perplexityOf(folds: readonly Sums[]): HeldOut {
  const total = (of: (sums: Sums) => number) => folds.reduce((sum, each) => sum + of(each), 0);
  const tokens = total((sums) => sums.tokens);
  return {
    queries: total(({ queries }) => queries),
    responses: total(({ responses }) => responses),
    tokens,
    perplexity: tokens === 0 ? null : Math.exp(-total(({ logProb }) => logProb) / tokens),
  };
}

function scoresOf({ output }: FitLoggingOptions): string {
  return join(output, 'scores.jsonl');
}

/** The output folder itself is the run folder of the model of everything. */
function runFolder({ output }: FitLoggingOptions, fold: number | null): string {
  return fold === null ? output : join(output, `fold-${fold}`);
}

function fittingSettings(options: FitLoggingOptions): FittingSettings {
  const {
    model,
    output,
    folds,
    encoding,
    device,
    checkpoint,
    signal,
    onProgress,
    onEvaluation,
    onWarning,
    onScored,
    ...settings
  } = options;
  return { ...settings, patience: settings.patience ?? DEFAULT_PATIENCE };
}

/** The log as the likelihood of pi0 sees it: every response counts alike, whatever people thought of it. */
function withoutVotes(log: SlateLog): SlateLog {
  async function* slates(): AsyncGenerator<Slate> {
    for await (const slate of log) {
      yield { ...slate, weight: 1, responses: slate.responses.map(({ id, text }) => ({ id, text, signal: 1 })) };
    }
  }
  return { [Symbol.asyncIterator]: slates, ...(log.sha256 ? { sha256: () => log.sha256!() } : {}) };
}

async function* slatesOf(log: SlateLog): AsyncGenerator<Slate> {
  yield* log;
}
