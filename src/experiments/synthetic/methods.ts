/**
 * @file The methods of training that are compared. Of every family the same number of settings was tried on validation queries
 * (tuning.ts, docs/experiments.md); one was chosen for all worlds, and the others make its envelope.
 */
import type { TrainingSettings } from '../../align/index.js';
import { describeValue, UsageError } from '../../errors.js';

export interface TrainingMethod {
  /** The family's own name for the chosen setting, else with what is different about it. */
  name: string;
  /** Settings of one family share an envelope. */
  family: string;
  settings: TrainingSettings;
  /** Share of the log's opinion labels that are wrong; default 0. */
  wrongLabels?: number;
}

interface Family {
  /** By what is particular about them. */
  tried: Readonly<Record<string, TrainingSettings>>;
  chosen: string;
}

/** A step of whole slates of 6, or of the best and the worst of each, has as many responses as one of 48 drawn ones. */
const WHOLE_SLATES = 8;
const PAIRS = 24;

const dpo = { method: 'dpo', batch: PAIRS } as const;
const pope = { method: 'pope', lr: 1e-3 } as const;
const gated = { ...pope, form: 'gated' } as const;
const unnormalised = { ...pope, normalise: 'none' } as const;
const paper = { method: 'pope', preset: 'paper', batch: WHOLE_SLATES } as const;
const opinion = { method: 'opinion', lr: 1e-3 } as const;

/** Every step of each of them trains on 48 responses. */
const FAMILIES: Readonly<Record<string, Family>> = {
  sft: { tried: rates('sft', [3e-4, 1e-3, 2e-3, 4e-3]), chosen: 'rate 0.002' },
  rwsft: {
    tried: {
      'power 0.5': { method: 'rwsft', power: 0.5, lr: 1e-3 },
      'power 1': { method: 'rwsft', lr: 1e-3 },
      'power 2': { method: 'rwsft', power: 2, lr: 1e-3 },
      'rate 0.002': { method: 'rwsft', lr: 2e-3 },
    },
    chosen: 'power 2',
  },
  'sft-all': { tried: rates('sft-all', [3e-4, 1e-3, 2e-3, 4e-3]), chosen: 'rate 0.0003' },
  dpo: {
    tried: {
      'rate 0.00001': { ...dpo, lr: 1e-5 },
      'rate 0.00003': { ...dpo, lr: 3e-5 },
      'rate 0.0001': { ...dpo, lr: 1e-4 },
      'beta 0.3': { ...dpo, lr: 3e-5, beta: 0.3 },
    },
    chosen: 'beta 0.3',
  },
  pl: {
    tried: {
      'rate 0.00001': { method: 'pl', lr: 1e-5 },
      'rate 0.00003': { method: 'pl', lr: 3e-5 },
      'rate 0.0001': { method: 'pl', lr: 1e-4 },
      'beta 0.3': { method: 'pl', lr: 3e-5, beta: 0.3 },
    },
    chosen: 'beta 0.3',
  },
  pope: {
    tried: {
      share: pope,
      identity: { ...pope, reward: 'identity' },
      'rate 0.002': { ...pope, lr: 2e-3 },
      'expected, lambda 0.3': { ...pope, form: 'expected', lambdaDiv: 0.3 },
    },
    chosen: 'identity',
  },
  'pope-gated': {
    tried: {
      'lambda 0.3': { ...gated, lambdaDiv: 0.3 },
      'lambda 1': { ...gated, lambdaDiv: 1 },
      'lambda 3': { ...gated, lambdaDiv: 3 },
      'rate 0.002': { ...gated, lambdaDiv: 1, lr: 2e-3 },
    },
    chosen: 'lambda 1',
  },
  'pope-none': {
    tried: {
      'clip 5': { ...unnormalised, transform: 'clip:5' },
      'clip 2': { ...unnormalised, transform: 'clip:2' },
      identity: { ...unnormalised, transform: 'clip:5', reward: 'identity' },
      'rate 0.0003': { ...unnormalised, transform: 'clip:5', lr: 3e-4 },
    },
    chosen: 'clip 2',
  },
  'pope-paper': {
    tried: {
      'rate 0.0001': { ...paper, lr: 1e-4 },
      'rate 0.0003': { ...paper, lr: 3e-4 },
      'rate 0.001': { ...paper, lr: 1e-3 },
      'rate 0.002': { ...paper, lr: 2e-3 },
    },
    chosen: 'rate 0.0003',
  },
  opinion: {
    tried: {
      comb: opinion,
      'comb, b 2': { ...opinion, opinionB: 2 },
      'comb, a 0.5': { ...opinion, opinionA: 0.5 },
      pooled: { ...opinion, opinion: 'pooled' },
    },
    chosen: 'comb, a 0.5',
  },
};

/** All settings of all families under their own names: what tuning compares. */
export const TRIED: readonly TrainingMethod[] = Object.entries(FAMILIES).flatMap(([family, { tried }]) =>
  Object.entries(tried).map(([label, settings]) => ({ name: nameOf(family, label), family, settings })),
);

/** Families that are trained from wrong labels too. */
const LABELLED = 'opinion';
const WRONG_LABELS = 0.25;

/** One setting of each family, the same in every world. */
export const METHODS: readonly TrainingMethod[] = withWrongLabels(
  Object.entries(FAMILIES).map(([family, { tried, chosen }]) => ({ name: family, family, settings: tried[chosen]! })),
);

/** What else was tried of each family, for its envelope. */
export const KNOBS: readonly TrainingMethod[] = withWrongLabels(
  TRIED.filter(({ name, family }) => name !== nameOf(family, FAMILIES[family]!.chosen)),
);

/** @throws UsageError OPTION for a name that no method or knob has */
export function methodNamed(name: string): TrainingMethod {
  const all = [...METHODS, ...KNOBS];
  const found = all.find((method) => method.name === name);
  if (found !== undefined) return found;
  const known = all.map((method) => method.name).join(', ');
  throw new UsageError('OPTION', `methods: expected some of ${known}, got ${describeValue(name)}`);
}

function rates(method: 'sft' | 'sft-all', of: readonly number[]): Record<string, TrainingSettings> {
  return Object.fromEntries(of.map((lr) => [`rate ${lr}`, { method, lr }]));
}

/** Fit to be the name of a folder: `opinion-comb-b-2`. */
function nameOf(family: string, label: string): string {
  return `${family}-${label.replace(/[^\w.]+/g, '-')}`;
}

/** Each setting of the opinion-weighted likelihood once more, from a log with wrong labels. */
function withWrongLabels(methods: readonly TrainingMethod[]): TrainingMethod[] {
  const wrong = methods.filter(({ family }) => family === LABELLED);
  return [
    ...methods,
    ...wrong.map(({ name, settings }) => ({
      name: name.replace(LABELLED, `${LABELLED}-wrong`),
      family: `${LABELLED}-wrong`,
      settings,
      wrongLabels: WRONG_LABELS,
    })),
  ];
}
