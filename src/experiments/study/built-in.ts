/** @file What the built-in configurations share: text worlds and their base model, and one setting for each method. */
import type { TrainingSettings } from '../../align/index.js';
import { methodNamed } from '../synthetic/methods.js';
import type { StudyInput } from './config.js';

/** A method of the paper by the setting that was chosen for it in docs/experiments.md. */
export function builtInMethod(name: string, setting: string | null): StudyInput['methods'][number] {
  return setting === null ? { name } : { name, training: { ...methodNamed(setting).settings } };
}

export const BUILT_IN_METHODS: StudyInput['methods'] = [
  builtInMethod('Base', null),
  builtInMethod('SFT', 'sft'),
  builtInMethod('DPO', 'dpo'),
  builtInMethod('POPE', 'pope'),
  builtInMethod('opinion', 'opinion'),
];

/** Of every method; more steps than these change little in the text worlds. */
export const BUILT_IN_TRAINING = {
  steps: 300,
  validateEvery: 0,
  checkpointEvery: 100,
} satisfies TrainingSettings;

/** No answer of the worlds' grammar has more than 20 tokens with its end. */
export const BUILT_IN_GENERATION = { n: 50, maxTokens: 24 } satisfies StudyInput['generation'];

/** A logging policy that is fitted to the log of a text world, from the backbone `world`. */
export const BUILT_IN_FIT = {
  model: 'world',
  folds: 3,
  training: { lr: 1e-3, steps: 150, validateEvery: 50, checkpointEvery: 0 },
} satisfies Exclude<StudyInput['logging'], 'log' | undefined>;
