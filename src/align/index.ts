/** `pope-native/align`: fine-tuning of language models on logged human feedback. */
export { type AlignOptions, align } from './align.js';
export { type FitLoggingOptions, type FittedLogging, type FoldFit, fitLogging } from './fit-logging.js';
export { type AdamW, type AdamWOptions, adamW, type StepResult } from './optimizer.js';
export {
  METHODS,
  type Method,
  type ResolvedSettings,
  resolveSettings,
  type TrainingSettings,
} from './options.js';
export { planRun, type RunPlan } from './plan.js';
export type { TrainingSources } from './prepare.js';
export type { AlignResult } from './result.js';
export type { AlignProgress } from './run.js';
export { type ResumeFrom, resumeFolder } from './run-folder.js';
export type { Evaluation, Measurement } from './warnings.js';
