/**
 * `pope-native`: pluralistic off-policy evaluation of language models from logged human feedback. What a function needs is
 * loaded with its first call.
 */
import { onCall } from './on-call.js';

export type { AlignOptions, AlignResult, FitLoggingOptions, FittedLogging } from './align/index.js';
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

export const align = onCall(async () => (await import('./align/align.js')).align);
export const evaluate = onCall(async () => (await import('./estimators/evaluate.js')).evaluate);
export const exportTrl = onCall(async () => (await import('./export/trl.js')).exportTrl);
export const exportWeights = onCall(async () => (await import('./export/weights.js')).exportWeights);
export const fitLogging = onCall(async () => (await import('./align/fit-logging.js')).fitLogging);
export const generateToFile = onCall(async () => (await import('./policy/generation-cache.js')).generateToFile);
export const loadEncoder = onCall(async () => (await import('./models/load-encoder.js')).loadEncoder);
export const loadModel = onCall(async () => (await import('./policy/policy-model.js')).loadModel);
export const measure = onCall(async () => (await import('./metrics/measure/measure.js')).measure);
export const openEncoder = onCall(async () => (await import('./encoders/open.js')).openEncoder);
export const readGenerations = onCall(async () => (await import('./policy/generations.js')).readGenerations);
export const remoteGenerator = onCall(async () => (await import('./policy/remote-generator.js')).remoteGenerator);
export const remotePolicy = onCall(async () => (await import('./policy/remote-policy.js')).remotePolicy);
export const resumeFolder = onCall(async () => (await import('./align/run-folder.js')).resumeFolder);
export const scoreToFile = onCall(async () => (await import('./policy/score-cache.js')).scoreToFile);
