import { METHODS } from '../align/index.js';
import { OPINION_RULES, PRESETS, type TrainingSettings } from '../align/options.js';
import { form, normalisation, reduction } from '../estimators/result.js';
import { estimatorNames } from '../native/objective.js';
import { REWARDS } from '../reward/index.js';
import { defaulted, expected, number, oneOf, optional, type Parse, positiveNumber, text } from './flags.js';
import type { Settings } from './settings.js';

const numberOr =
  <const T extends string>(...words: T[]): Parse<number | T> =>
  (value) =>
    words.find((word) => word === value) ?? number(value);

/** `comb`, `pooled` or `cover-8`. */
const opinionRule: Parse<{ rule: (typeof OPINION_RULES)[number]; n: number | undefined }> = (value) => {
  const [, name, n] = /^([a-z]+)(?:-(\d+))?$/.exec(value) ?? [];
  const rule = OPINION_RULES.find((known) => known === name);
  if (rule === undefined || (n !== undefined && rule !== 'cover')) throw expected('comb, pooled or cover-8', value);
  return { rule, n: n === undefined ? undefined : Number(n) };
};

/** Flags that say how a learning signal is made of a slate. Their names are those of the settings. */
export const OBJECTIVE_FLAGS = {
  method: defaulted('--method <name>', METHODS.join(', '), oneOf(...METHODS), 'pope'),
  preset: defaulted(
    '--preset <name>',
    'what is not said: default trains stably, paper is as published',
    oneOf(...PRESETS),
    'default',
  ),
  objective: optional('--objective <name>', 'pope: slate, decomposed or bound', oneOf(...estimatorNames)),
  form: optional('--form <name>', 'pope: expected, soft or gated', oneOf(...form.options)),
  lambdaCu: optional('--lambda-cu <x>', 'pope: weight of utility', number),
  lambdaDiv: optional('--lambda-div <x>', 'pope: weight of diversity, or auto', numberOr('auto')),
  transform: optional('--transform <name:value>', 'pope: transform of the weights, such as clip:5, or none', text),
  reduction: optional('--reduction <name>', 'pope: sum or mean over a slate', oneOf(...reduction.options)),
  normalise: optional('--normalise <by>', 'pope: none, tokens or bytes', oneOf(...normalisation.options)),
  gradient: optional('--gradient <name>', "pope: exact, or the paper's score", oneOf('exact', 'score')),
  baseline: optional('--baseline <x>', 'pope: a number, mean or half-mean', numberOr('mean', 'half-mean')),
  proximity: optional('--proximity <kappa>', 'pope: penalty on leaving the initial model', number),
  beta: optional('--beta <x>', 'dpo, pl: beta (default: 0.1)', positiveNumber),
  power: optional('--power <x>', 'rwsft: exponent of the rewards (default: 1)', positiveNumber),
  opinion: optional('--opinion <rule>', 'opinion: comb, pooled or cover-N (default: comb)', opinionRule),
  opinionB: optional('--opinion-b <x>', 'opinion: exponent of the votes of an opinion (default: 1)', positiveNumber),
  opinionG: optional(
    '--opinion-g <x>',
    'opinion: exponent of the votes inside an opinion (default: 8, pooled 3)',
    positiveNumber,
  ),
  opinionA: optional('--opinion-a <x>', "opinion: exponent of the logger's share of it (default: 1)", number),
  reward: optional('--reward <name>', `${REWARDS.join(', ')} (default: by what the log has)`, oneOf(...REWARDS)),
};

/** The settings of training that these flags are. */
export function objectiveSettings(settings: Settings<typeof OBJECTIVE_FLAGS>): TrainingSettings {
  const { opinion, ...others } = settings;
  const names = Object.keys(OBJECTIVE_FLAGS).filter((name) => name !== 'opinion') as (keyof typeof others)[];
  return {
    ...Object.fromEntries(names.map((name) => [name, settings[name]])),
    opinion: opinion?.rule,
    opinionN: opinion?.n,
  };
}
