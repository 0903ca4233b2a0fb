import { SCHEDULES } from '../align/schedule.js';
import {
  expected,
  listOf,
  number,
  oneOf,
  onOff,
  optional,
  type Parse,
  positiveInteger,
  positiveNumber,
  text,
  wholeNumber,
} from './flags.js';
import type { Settings } from './settings.js';

const betas: Parse<[number, number]> = (value) => {
  const [first, second, ...rest] = listOf(number)(value);
  if (first === undefined || second === undefined || rest.length > 0)
    throw expected('two numbers such as 0.9,0.999', value);
  return [first, second];
};

/**
 * Flags of every command that trains: what of the model does, how it steps, validates and keeps what it has. Their names are
 * those of the settings.
 */
export const OPTIMISATION_FLAGS = {
  lora: optional('--lora <rank>', 'train low-rank adapters in place of the weights', positiveInteger),
  loraAlpha: optional(
    '--lora-alpha <x>',
    'what they add is multiplied by alpha / rank (default: twice the rank)',
    positiveNumber,
  ),
  loraDropout: optional('--lora-dropout <p>', 'share of their inputs set to zero in training', number),
  loraTargets: optional('--lora-targets <names>', 'layers to adapt, such as q_proj,v_proj', listOf(text)),

  lr: optional('--lr <x>', 'largest learning rate', positiveNumber),
  schedule: optional('--schedule <name>', `${SCHEDULES.join(', ')} (default: constant)`, oneOf(...SCHEDULES)),
  warmup: optional('--warmup <steps>', 'steps over which the learning rate rises', wholeNumber),
  steps: optional('--steps <n>', 'steps, in place of epochs', positiveInteger),
  epochs: optional('--epochs <x>', 'passes over the training queries (default: 3)', positiveNumber),
  batch: optional('--batch <n>', 'queries per step', positiveInteger),
  betas: optional('--betas <b1,b2>', 'decay of the moments of AdamW (default: 0.9,0.999)', betas),
  weightDecay: optional('--weight-decay <x>', 'decoupled weight decay', number),
  maxNorm: optional('--max-norm <x>', 'the gradient is scaled down to this norm; 0: never', number),
  batchTokens: optional('--batch-tokens <n>', 'tokens that are run at once (default: 2048)', positiveInteger),
  checkpointing: onOff('--checkpointing', 'keep less for the backward pass and compute it again'),
  validateEvery: optional('--validate-every <steps>', 'steps between two validations (default: 100)', wholeNumber),
  validationQueries: optional(
    '--validation-queries <n>',
    'most queries that one measures (default: 256)',
    positiveInteger,
  ),
  patience: optional(
    '--patience <n>',
    'stop after so many validations without a better one, and keep the best',
    wholeNumber,
  ),
  checkpointEvery: optional('--checkpoint-every <steps>', 'steps between two checkpoints (default: 500)', wholeNumber),
  keep: optional('--keep <n>', 'checkpoints to keep (default: 2)', positiveInteger),
};

type OptimisationSettings = Settings<typeof OPTIMISATION_FLAGS>;

/** The settings of training among those of a command. */
export function optimisationSettings(settings: OptimisationSettings): OptimisationSettings {
  const names = Object.keys(OPTIMISATION_FLAGS) as (keyof OptimisationSettings)[];
  return Object.fromEntries(names.map((name) => [name, settings[name]])) as OptimisationSettings;
}
