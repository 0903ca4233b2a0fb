import type { AlignResult } from '../../align/result.js';
import type { Comparison } from '../../estimators/compare/result.js';
import type { Evaluation } from '../../estimators/result.js';
import type { Measurements } from '../../metrics/measure/result.js';
import type { Generations } from '../../policy/generations.js';
import type { ExperimentTable, MetricsLine, PaperTable, RunConfig, Sensitivity, Study } from './schemas.js';

/** A folder that `pope align` wrote; a run that goes on, or was killed, has no result yet. */
export interface TrainingRun {
  config: RunConfig;
  environment: Record<string, unknown> | null;
  metrics: MetricsLine[];
  result: AlignResult | null;
}

/** One thing that a report is made of. */
export interface Input<Kind extends string, Data> {
  kind: Kind;
  /** Of the policy or run: as the user named it, else as the file says, else the file's own name. */
  name: string;
  path: string;
  /** Of the file; for folders of the file in it that holds the results. */
  hash: string;
  data: Data;
}

export type Run =
  | Input<'evaluation', Evaluation>
  | Input<'comparison', Comparison>
  | Input<'metrics', Measurements>
  | Input<'training', TrainingRun>
  | Input<'experiment', ExperimentTable>
  | Input<'paper', PaperTable>
  | Input<'study', Study>
  | Input<'sensitivity', Sensitivity>
  | Input<'generations', Generations>;

export type RunOf<Kind extends Run['kind']> = Extract<Run, { kind: Kind }>;

export function runsOf<Kind extends Run['kind']>(runs: readonly Run[], kind: Kind): RunOf<Kind>[] {
  return runs.filter((run): run is RunOf<Kind> => run.kind === kind);
}
