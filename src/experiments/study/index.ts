/**
 * @file Experiments on configured data sets and backbones. A new one is a file like rq2.ts: a schema (`studySchema` with its own
 * keys), a built-in configuration, and a function from a `Study` to a table, made of the stages (data.ts, backbone.ts, logging.ts,
 * train.ts, generate.ts, measure.ts, value.ts, judge.ts) or of `gridTable`; it is then named in EXPERIMENTS.
 */

import { ablation } from './ablation.js';
import { diversityStress } from './diversity-stress.js';
import { independentProtocol } from './independent-protocol.js';
import { propensityStress } from './propensity-stress.js';
import { rq1 } from './rq1/index.js';
import { rq2 } from './rq2.js';
import { rq3 } from './rq3.js';
import { rq4 } from './rq4.js';
import { rq5 } from './rq5.js';
import type { Experiment } from './run.js';

export { type Experiment, type RunExperimentOptions, runExperiment } from './run.js';
export type { StageEvent } from './stages.js';
export type { StudyProgress } from './study.js';
export type { Cell, StudyTable, TableRow } from './table.js';

export const EXPERIMENTS: readonly Experiment[] = [
  rq1,
  rq2,
  rq3,
  rq4,
  rq5,
  ablation,
  propensityStress,
  diversityStress,
  independentProtocol,
];
