/** @file adapter_config.json of PEFT: which layers an adapter changes, and what of it would change more than them. */
import { z } from 'zod';
import { unsupported } from './unsupported.js';

const names = z.union([z.string(), z.array(z.string())]).nullish();

export const adapterSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).default(0),
  use_rslora: z.boolean().nullish(),
  alpha_pattern: z.record(z.string(), z.number().positive()).nullish(),
  target_modules: names,
  exclude_modules: names,
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
});
export type AdapterConfig = z.infer<typeof adapterSchema>;

/** Fields that change nothing of what stored adapters compute; ranks are those of the tensors. */
const PASSED_OVER = new Set([
  ...Object.keys(adapterSchema.shape),
  'auto_mapping',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'fan_in_fan_out',
  'inference_mode',
  'layers_pattern',
  'loftq_config',
  'lora_ga_config',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'rank_pattern',
  'revision',
  'task_type',
]);

/** First values that leave the base as it is. Others, as PiSSA's, are also taken from its matrices when PEFT loads the adapter. */
const PLAIN_STARTS: unknown[] = [true, false, null, undefined, 'gaussian', 'eva', 'orthogonal'];

const SUPPORTED =
  'adapters of linear layers: r, lora_alpha, use_rslora, rank_pattern, alpha_pattern, target_modules, layers_to_transform';

/**
 * Refuses what would compute something else than low-rank matrices beside linear layers: any field that is not known to be harmless
 * and says anything.
 *
 * @throws DataError `UNSUPPORTED_ARCHITECTURE`
 */
export function checkAdapterConfig(path: string, config: AdapterConfig): void {
  for (const [field, value] of Object.entries(config)) {
    if (!PASSED_OVER.has(field) && !isEmpty(value))
      throw unsupported(path, `${field} ${JSON.stringify(value)}`, SUPPORTED);
  }
  const { init_lora_weights: start } = config;
  if (!PLAIN_STARTS.includes(start)) {
    const todo =
      'adapters that leave their base as it is; PEFT converts others (path_initial_model_for_weight_conversion)';
    throw unsupported(path, `init_lora_weights ${JSON.stringify(start)}`, todo);
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 'none') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/**
 * The alpha of the adapter of a module, of which it is multiplied by alpha / rank. Rank-stabilised adapters (Kalajdzievski 2023, arXiv
 * 2312.03732) are multiplied by alpha / sqrt(rank).
 *
 * @param module its path, as `model.layers.0.self_attn.q_proj`
 * @throws DataError `UNSUPPORTED_ARCHITECTURE`
 */
export function alphaOf(path: string, module: string, rank: number, config: AdapterConfig): number {
  const given = Object.entries(config.alpha_pattern ?? {}).find(([pattern]) => matches(path, pattern, module));
  const alpha = given?.[1] ?? config.lora_alpha;
  return config.use_rslora ? alpha * Math.sqrt(rank) : alpha;
}

/** Patterns are names or ends of paths; `^` says that one is a whole path. Those with more than that are never tried. */
function matches(path: string, pattern: string, module: string): boolean {
  const plain = /^(\^?)((?:\w|-|\\?\.)+)$/.exec(pattern);
  if (plain === null) {
    throw unsupported(path, `the expression ${JSON.stringify(pattern)} in alpha_pattern`, 'names and paths of modules');
  }
  const name = plain[2]!.replaceAll('\\', '');
  return module === name || (plain[1] === '' && module.endsWith(`.${name}`));
}

/**
 * Whether a module has to have an adapter by the lists of the config. What an expression (`target_modules` as a text) means is only in
 * the file of tensors: there any module may have one, and none must.
 */
export function isTarget(module: string, config: AdapterConfig): boolean {
  const { target_modules: targets, exclude_modules: excluded, layers_to_transform: layers } = config;
  if (!Array.isArray(targets) || typeof excluded === 'string') return false;
  const isNamed = (list: readonly string[]) => list.some((name) => module === name || module.endsWith(`.${name}`));
  const layer = Number(/\.(\d+)\./.exec(module)?.[1]);
  return (layers == null || [layers].flat().includes(layer)) && isNamed(targets) && !isNamed(excluded ?? []);
}
