/** @file The methods of training that are compared: one setting each, the same in every world, and their knobs. */
import type { TrainingSettings } from '../../align/index.js';
import { describeValue, UsageError } from '../../errors.js';

export interface TrainingMethod {
  name: string;
  /** Methods that differ in one knob only are of one family, whose envelope is compared. */
  family: string;
  settings: TrainingSettings;
  /** Share of the log's opinion labels that are wrong; default 0. */
  wrongLabels?: number;
}

/** What the base model was trained with serves every method that ascends a (weighted) likelihood or POPE. */
const RATE = 1e-3;
/** Beyond it preference losses push probability out of the language altogether. */
const PREFERENCE_RATE = 3e-5;
/** A step of whole slates of 6, or of the best and the worst of each, has as many responses as one of 48 drawn ones. */
const WHOLE_SLATES = 8;
const PAIRS = 24;

const pope = { method: 'pope', lr: RATE } as const;
const opinion = { method: 'opinion', lr: RATE } as const;

/** Every step of each of them trains on 48 responses. */
export const METHODS: readonly TrainingMethod[] = [
  { name: 'sft', family: 'sft', settings: { method: 'sft', lr: RATE } },
  { name: 'rwsft', family: 'rwsft', settings: { method: 'rwsft', lr: RATE } },
  { name: 'sft-all', family: 'sft-all', settings: { method: 'sft-all', lr: RATE } },
  { name: 'dpo', family: 'dpo', settings: { method: 'dpo', lr: PREFERENCE_RATE, batch: PAIRS } },
  { name: 'pl', family: 'pl', settings: { method: 'pl', lr: PREFERENCE_RATE } },
  { name: 'pope', family: 'pope', settings: pope },
  { name: 'pope-gated', family: 'pope-gated', settings: { ...pope, form: 'gated', lambdaDiv: 1 } },
  { name: 'pope-none', family: 'pope-none', settings: { ...pope, normalise: 'none', transform: 'clip:5' } },
  { name: 'pope-paper', family: 'pope-paper', settings: { ...pope, preset: 'paper', batch: WHOLE_SLATES } },
  { name: 'opinion', family: 'opinion', settings: opinion },
  { name: 'opinion-wrong', family: 'opinion-wrong', settings: opinion, wrongLabels: 0.25 },
];

/** Other settings of a family's own knob, for its envelope. */
export const KNOBS: readonly TrainingMethod[] = [
  { name: 'sft-slow', family: 'sft', settings: { method: 'sft', lr: 3e-4 } },
  { name: 'rwsft-power2', family: 'rwsft', settings: { method: 'rwsft', power: 2, lr: RATE } },
  { name: 'dpo-slow', family: 'dpo', settings: { method: 'dpo', lr: PREFERENCE_RATE / 3, batch: PAIRS } },
  { name: 'pl-slow', family: 'pl', settings: { method: 'pl', lr: PREFERENCE_RATE / 3 } },
  { name: 'pope-identity', family: 'pope', settings: { ...pope, reward: 'identity' } },
  { name: 'pope-none-identity', family: 'pope-none', settings: { ...named('pope-none'), reward: 'identity' } },
  { name: 'pope-gated-strong', family: 'pope-gated', settings: { ...named('pope-gated'), lambdaDiv: 3 } },
  { name: 'opinion-b2', family: 'opinion', settings: { ...opinion, opinionB: 2 } },
  { name: 'opinion-wrong-b2', family: 'opinion-wrong', settings: { ...opinion, opinionB: 2 }, wrongLabels: 0.25 },
];

function named(name: string): TrainingSettings {
  return METHODS.find((method) => method.name === name)!.settings;
}

/** @throws UsageError OPTION for a name that no method or knob has */
export function methodNamed(name: string): TrainingMethod {
  const all = [...METHODS, ...KNOBS];
  const found = all.find((method) => method.name === name);
  if (found !== undefined) return found;
  const known = all.map((method) => method.name).join(', ');
  throw new UsageError('OPTION', `methods: expected some of ${known}, got ${describeValue(name)}`);
}
