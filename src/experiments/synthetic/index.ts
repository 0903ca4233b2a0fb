export { type Budget, FULL_BUDGET, QUICK_BUDGET } from './budget.js';
export { type SyntheticProgress, type SyntheticTable, syntheticExperiment } from './experiment.js';
export { KNOBS, METHODS } from './methods.js';
export type { EnvelopeRow, Figure, MethodRow, ValueRow, WorldSummary } from './summary.js';
export { type TunedSetting, type TuningTable, tuneMethods } from './tuning.js';
export { type CandidateResult, METRICS, type Metric } from './world-run.js';
