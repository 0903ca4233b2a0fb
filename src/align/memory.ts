import type { ModelConfig } from '../models/config.js';

export interface MemoryEstimate {
  /** Weights, gradients and the two moments, f32. */
  parameters: number;
  /** What one pass holds at its peak. */
  activations: number;
  /** Largest sum of live bytes. The process may take up to twice the activations more, in blocks that it keeps for reuse. */
  total: number;
}

/** Adapters of all blocks together. */
export interface AdapterSizes {
  /** Sum over the adapted layers of their outputs, and of the adapters' ranks. */
  outputs: number;
  ranks: number;
}

const FLOAT = 4;

/**
 * Bytes that training needs at its peak, from the shapes alone: a float per weight and three more per parameter that trains;
 * and per row what every block keeps for its backward half, or with checkpointing only what enters it, and what the block
 * at hand has besides. A test holds it to what runs take.
 *
 * @param parameters floats that the model has, and those of them that train
 * @param rows of one forward and backward pass
 */
export function estimateMemory(
  config: ModelConfig,
  { weights, trained, adapters }: { weights: number; trained: number; adapters: AdapterSizes },
  { rows, checkpointing }: { rows: number; checkpointing: boolean },
): MemoryEstimate {
  const { width, layers } = config;
  const { kept, passing } = config.family === 'gpt2' ? gpt2Block(config) : llamaBlock(config);
  const block = kept + adapters.ranks / layers;
  // A layer's own result and the adapter's part of it, until they are added.
  const besides = Math.max(passing.forward + (2 * adapters.outputs) / layers, passing.backward) + width;
  const perRow = checkpointing ? layers * width + block + besides + width : layers * block + besides;
  const parameters = (weights + 3 * trained) * FLOAT;
  const activations = Math.round(rows * perRow) * FLOAT;
  return { parameters, activations, total: parameters + activations };
}

/** Floats per row of a block: what its ops keep for their backward half, and the most that comes and goes besides. */
interface BlockSizes {
  kept: number;
  passing: { forward: number; backward: number };
}

function llamaBlock(config: Exclude<ModelConfig, { family: 'gpt2' }>): BlockSizes {
  const { width, intermediate, headNorms, fused } = config;
  const query = config.heads * config.headSize;
  const key = config.keyValueHeads * config.headSize;
  // What enters both norms and leaves them; rotated query and key, value, mixed heads and a log-sum-exp of each; gate, up and
  // their product.
  const kept = 4 * width + 2 * query + 2 * key + config.heads + 3 * intermediate + (headNorms ? query + key : 0);
  // Query and key before the rotation and what both residual additions add; fused projections before they are cut.
  const forward = query + key + 2 * width + (fused ? query + 2 * key + 2 * intermediate : 0);
  return { kept, passing: { forward, backward: 2 * intermediate + 2 * width } };
}

function gpt2Block({ width, heads, intermediate }: Extract<ModelConfig, { family: 'gpt2' }>): BlockSizes {
  // What enters both norms and leaves them; query, key, value, mixed heads and a log-sum-exp of each; the MLP before and after
  // the activation.
  const kept = 8 * width + heads + 2 * intermediate;
  // The projection before it is cut, and what both residual additions add.
  return { kept, passing: { forward: 5 * width, backward: intermediate + 2 * width } };
}
