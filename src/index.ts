/** `pope-native`: pluralistic off-policy evaluation of language models from logged human feedback. */

export {
  type AlignOptions,
  type AlignResult,
  align,
  type FitLoggingOptions,
  type FittedLogging,
  fitLogging,
  resumeFolder,
} from './align/index.js';
export { AdamW, type AdamWOptions, adamW, type StepResult } from './align/optimizer.js';
export { LoggedDataset } from './data/dataset.js';
export type { LoggedResponse, Slate } from './data/slate.js';
export { type Encoder, LexicalEncoder, openEncoder } from './encoders/index.js';
export {
  DataError,
  InterruptedError,
  NativeError,
  PopeError,
  UnavailableError,
  UsageError,
} from './errors.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './estimators/index.js';
export {
  type ExportTrlOptions,
  type ExportWeightsOptions,
  exportTrl,
  exportWeights,
  type ResponseWeight,
} from './export/index.js';
export { type Measurements, type MeasureOptions, measure } from './metrics/index.js';
export type { CausalModel, GradientOptions, LoadOptions, LoraOptions, TransformerEncoder } from './models/index.js';
export { loadEncoder } from './models/load-encoder.js';
export { type DoctorReport, diagnose } from './native/doctor.js';
export { generateToFile } from './policy/generation-cache.js';
export { type Generations, readGenerations } from './policy/generations.js';
export { LocalGenerator, type LocalGeneratorOptions } from './policy/local-generator.js';
export { LocalPolicy, type LocalPolicyOptions } from './policy/local-policy.js';
export type { Policy, PolicyIdentity, ResponseScore, ScoreOptions, SlateScores } from './policy/policy.js';
export { loadModel, type PolicyModel } from './policy/policy-model.js';
export { type RemoteGeneratorOptions, remoteGenerator } from './policy/remote-generator.js';
export type { RemoteOptions } from './policy/remote-options.js';
export { type RemotePolicyOptions, remotePolicy } from './policy/remote-policy.js';
export { scoreToFile } from './policy/score-cache.js';
export { scoreFile } from './policy/score-file.js';
export type { ServerProbe } from './remote/probe.js';
