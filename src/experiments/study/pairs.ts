import { z } from 'zod';
import type { StudyConfig } from './config.js';
import type { Pair } from './grid.js';
import type { Study } from './study.js';

/** Key of experiments that judge on every data set. */
export const trainOn = z
  .string()
  .optional()
  .describe('Data set that methods are trained on; default: the one that is judged.');

/** Every data set, with the one that its models are trained on. @throws UsageError STUDY_CONFIG for a `trainOn` that is none */
export function pairsOf(study: Study<StudyConfig & { trainOn?: string | undefined }>): Pair[] {
  const { data, trainOn } = study.config;
  return data.map(({ name }) => ({ train: trainOn === undefined ? name : study.data(trainOn).name, test: name }));
}
