import { z } from 'zod';
import { DataError } from '../errors.js';
import { unsupported } from './unsupported.js';

/** Rotary position embedding of a model; rope.ts has the formulas. */
export type RopeConfig = {
  theta: number;
  /** Elements of each head that are rotated, even. */
  rotary: number;
} & (
  | { type: 'default' }
  | { type: 'linear'; factor: number }
  | { type: 'llama3'; factor: number; lowFrequencyFactor: number; highFrequencyFactor: number; originalContext: number }
  | {
      type: 'longrope';
      shortFactor: readonly number[];
      longFactor: readonly number[];
      attentionFactor: number;
      originalContext: number;
    }
  | {
      type: 'yarn';
      factor: number;
      /** Turns within the original context above which a pair keeps its frequency, and below which it is divided. */
      betaFast: number;
      betaSlow: number;
      /** Whether the pairs between begin and end at whole numbers. */
      truncate: boolean;
      attentionFactor: number;
      originalContext: number;
    }
);

const parameters = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().positive().max(1).optional(),
  factor: z.number().positive().nullish(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: z.number().positive().nullish(),
  short_factor: z.array(z.number().positive()).optional(),
  long_factor: z.array(z.number().positive()).optional(),
  attention_factor: z.number().positive().nullish(),
  beta_fast: z.number().positive().nullish(),
  beta_slow: z.number().positive().nullish(),
  mscale: z.number().nonnegative().nullish(),
  mscale_all_dim: z.number().nonnegative().nullish(),
  truncate: z.boolean().nullish(),
});

/** The rope fields of config.json: `rope_scaling` in older files, `rope_parameters` in newer ones. */
export const ropeSchema = z.looseObject({
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().positive().max(1).optional(),
  original_max_position_embeddings: z.int().positive().nullish(),
  rope_scaling: parameters.nullish(),
  rope_parameters: parameters.nullish(),
});

/** `original_max_position_embeddings` of a phi3 whose config.json does not say it, as in the published configuration class. */
const PHI3_CONTEXT = 4096;

/** @throws DataError `UNSUPPORTED_ARCHITECTURE` or `INVALID_JSON` */
export function parseRopeConfig(
  path: string,
  raw: z.infer<typeof ropeSchema>,
  model: { family: string; headSize: number; context: number },
): RopeConfig {
  const given = raw.rope_scaling ?? raw.rope_parameters ?? {};
  const theta = given.rope_theta ?? raw.rope_theta ?? 10000;
  // Only phi3 rotates a part of each head.
  const share = model.family === 'phi3' ? (given.partial_rotary_factor ?? raw.partial_rotary_factor ?? 1) : 1;
  const rotary = Math.floor(model.headSize * share);
  if (rotary < 2 || rotary % 2 !== 0)
    throw unsupported(path, `rotating ${rotary} elements of a head`, 'an even number');
  const need = <K extends keyof typeof given>(field: K): NonNullable<(typeof given)[K]> => {
    const value = given[field];
    if (value == null) throw new DataError('INVALID_JSON', `${path}: field "rope_scaling.${String(field)}" is missing`);
    return value as NonNullable<(typeof given)[K]>;
  };
  // The field of the whole model counts first, and configurations of phi3 have one where their file has none.
  const ownContext = raw.original_max_position_embeddings ?? (model.family === 'phi3' ? PHI3_CONTEXT : undefined);
  const originalContext = ownContext ?? given.original_max_position_embeddings ?? model.context;
  const named = given.rope_type ?? given.type ?? 'default';
  // "su" and "yarn" are names under which the first Phi-3 files carry longrope.
  const type = model.family === 'phi3' && ['su', 'yarn'].includes(named) ? 'longrope' : named;
  switch (type) {
    case 'default':
      return { type, theta, rotary };
    case 'linear':
      return { type, theta, rotary, factor: need('factor') };
    case 'llama3':
      return {
        type,
        theta,
        rotary,
        factor: need('factor'),
        lowFrequencyFactor: need('low_freq_factor'),
        highFrequencyFactor: need('high_freq_factor'),
        originalContext,
      };
    case 'yarn': {
      const factor = given.factor ?? model.context / originalContext;
      return {
        type,
        theta,
        rotary,
        factor,
        betaFast: given.beta_fast ?? 32,
        betaSlow: given.beta_slow ?? 1,
        truncate: given.truncate ?? true,
        attentionFactor: given.attention_factor ?? yarnAttention(factor, given),
        originalContext,
      };
    }
    case 'longrope': {
      const shortFactor = need('short_factor');
      const longFactor = need('long_factor');
      for (const [field, list] of [
        ['short_factor', shortFactor],
        ['long_factor', longFactor],
      ] as const) {
        if (list.length !== rotary / 2) {
          const got = `expected ${rotary / 2} numbers, got ${list.length}`;
          throw new DataError('INVALID_JSON', `${path}: field "rope_scaling.${field}": ${got}`);
        }
      }
      const extension = given.factor ?? model.context / originalContext;
      const attentionFactor =
        given.attention_factor ?? (extension <= 1 ? 1 : Math.sqrt(1 + Math.log(extension) / Math.log(originalContext)));
      return { type: 'longrope', theta, rotary, shortFactor, longFactor, attentionFactor, originalContext };
    }
    default:
      throw unsupported(path, `rope type "${type}"`, 'default, linear, llama3, longrope, yarn');
  }
}

/** What cos and sin are multiplied by: 0.1 ln(factor) + 1, or a quotient of two such numbers (Peng et al. 2023, arXiv 2309.00071, section 3.4). */
function yarnAttention(factor: number, { mscale, mscale_all_dim: all }: z.infer<typeof parameters>): number {
  const magnitude = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return mscale && all ? magnitude(mscale) / magnitude(all) : magnitude(1);
}
