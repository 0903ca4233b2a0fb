/**
 * `pope-native`: pluralistic off-policy evaluation of language models from logged human feedback. What a function needs is
 * loaded with its first call.
 */
import { onCall } from './on-call.js';

export type { AlignOptions, AlignResult, FitLoggingOptions, FittedLogging, ResumeFrom } from './align/index.js';
export { AdamW, type AdamWOptions, adamW, type StepResult } from './align/optimizer.js';
export { LoggedDataset } from './data/dataset.js';
export type { LoggedResponse, Slate } from './data/slate.js';
export type { Encoder } from './encoders/index.js';
export { LexicalEncoder } from './encoders/lexical.js';
export {
  DataError,
  InterruptedError,
  NativeError,
  PopeError,
  UnavailableError,
  UsageError,
} from './errors.js';
export type { EvaluateOptions, Evaluation } from './estimators/index.js';
export type { ExportTrlOptions, ExportWeightsOptions, ResponseWeight } from './export/index.js';
export type { Measurements, MeasureOptions } from './metrics/index.js';
export type { CausalModel, GradientOptions, LoadOptions, LoraOptions, TransformerEncoder } from './models/index.js';
export { type DoctorReport, diagnose } from './native/doctor.js';
export type { Generations } from './policy/generations.js';
export { LocalGenerator, type LocalGeneratorOptions } from './policy/local-generator.js';
export { LocalPolicy, type LocalPolicyOptions } from './policy/local-policy.js';
export type { Policy, PolicyIdentity, ResponseScore, ScoreOptions, SlateScores } from './policy/policy.js';
export type { PolicyModel } from './policy/policy-model.js';
export type { RemoteGeneratorOptions } from './policy/remote-generator.js';
export type { RemoteOptions } from './policy/remote-options.js';
export type { RemotePolicyOptions } from './policy/remote-policy.js';
export { scoreFile } from './policy/score-file.js';
export type { ServerProbe } from './remote/probe.js';

/**
 * Trains a model on the training split of a log and leaves a run folder (docs/training.md).
 *
 * @throws UsageError for options, LOGGING_MISSING, RUN_EXISTS, RUN_CHANGED; DataError NOTHING_TO_TRAIN; PopeError DIVERGED
 */
export const align = onCall(async () => (await import('./align/align.js')).align);

/**
 * Estimates the value of a target policy from a log that another policy wrote, with intervals, diagnostics and a verdict
 * (docs/theory.md sections 1 to 6).
 *
 * @throws UsageError for options; DataError for a log or scores that do not fit; UNRELIABLE with `strict`
 */
export const evaluate = onCall(async () => (await import('./estimators/evaluate.js')).evaluate);

/**
 * Writes people's preferences in TRL's formats (docs/formats.md section 6).
 *
 * @throws UsageError OPTION; DataError of the log
 */
export const exportTrl = onCall(async () => (await import('./export/trl.js')).exportTrl);

/**
 * Writes the coefficient c = dJ/dL of every response, for a trainer that runs elsewhere (docs/formats.md section 6).
 *
 * @throws UsageError EXPORT_NEEDS, OPTION; DataError NOTHING_TO_TRAIN, and those of log and scores
 */
export const exportWeights = onCall(async () => (await import('./export/weights.js')).exportWeights);

/**
 * Fits a logging policy to a log that has none, cross-fitted over folds of its queries, and scores the log with it (docs/theory.md
 * section 7).
 *
 * @throws UsageError FOLDS, and what `align` throws
 */
export const fitLogging = onCall(async () => (await import('./align/fit-logging.js')).fitLogging);

/**
 * Writes what a policy answers to the queries of a log into a generation file, which is also what a stopped run goes on from
 * (docs/formats.md section 4).
 *
 * @throws DataError GENERATIONS_OF_ANOTHER_POLICY, and those of the log
 */
export const generateToFile = onCall(async () => (await import('./policy/generation-cache.js')).generateToFile);

/**
 * Loads an encoder (bert or roberta) from a folder or the hub, to turn texts into vectors here.
 *
 * @throws DataError MODEL_NOT_FOUND, UNSUPPORTED_ARCHITECTURE, and those of its files
 */
export const loadEncoder = onCall(async () => (await import('./models/load-encoder.js')).loadEncoder);

/**
 * Loads a language model from a folder or the hub; its `policy` scores logs. Dispose of it, or declare it with `using`.
 *
 * @throws DataError MODEL_NOT_FOUND, UNSUPPORTED_ARCHITECTURE, and those of its files; UnavailableError for a device that is not there
 */
export const loadModel = onCall(async () => (await import('./policy/policy-model.js')).loadModel);

/**
 * Measures what a policy wrote: every metric of docs/metrics.md that its inputs allow, with intervals over queries.
 *
 * @throws DataError GENERATIONS_OF_ANOTHER_LOG; UsageError METRIC_INPUT, METRIC_OPTION
 */
export const measure = onCall(async () => (await import('./metrics/measure/measure.js')).measure);

/**
 * Opens what docs/encoders.md calls an encoder: a folder, a hub id, a server's URL with the name of its model, or 'lexical'.
 *
 * @throws UsageError ENDPOINT_URL, ENDPOINT_MODEL_NAME; what `loadEncoder` throws
 */
export const openEncoder = onCall(async () => (await import('./encoders/open.js')).openEncoder);

/**
 * Reads generation files of one policy, of POPE or of other tools (docs/formats.md section 4).
 *
 * @throws DataError GENERATIONS_INVALID, GENERATIONS_EMPTY, GENERATIONS_MIXED, GENERATION_DUPLICATE
 */
export const readGenerations = onCall(async () => (await import('./policy/generations.js')).readGenerations);

/**
 * A policy behind a server of OpenAI's interface that writes generations (docs/remote.md).
 *
 * @throws UsageError ENDPOINT_URL, TOKENIZER_MISSING; DataError of the tokenizer
 */
export const remoteGenerator = onCall(async () => (await import('./policy/remote-generator.js')).remoteGenerator);

/**
 * A policy behind a server of OpenAI's interface that scores given text, probed before it is trusted (docs/remote.md).
 *
 * @throws UsageError ENDPOINT_URL, TOKENIZER_MISSING; the faults that the probe finds, by name
 */
export const remotePolicy = onCall(async () => (await import('./policy/remote-policy.js')).remotePolicy);

/**
 * The model folder that a run of `align` continues from: load the model from there and give it to `align` with `resume: true`. Null
 * where that is the model that the run began with, because there is no checkpoint yet or only adapters train.
 */
export const resumeFolder = onCall(async () => (await import('./align/run-folder.js')).resumeFolder);

/**
 * Scores a log into a score file, which is also what a stopped run goes on from (docs/formats.md section 3).
 *
 * @throws DataError SCORES_OF_ANOTHER_POLICY, and those of the log and the policy
 */
export const scoreToFile = onCall(async () => (await import('./policy/score-cache.js')).scoreToFile);
