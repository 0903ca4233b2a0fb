import type { ModelConfig } from '../models/config.js';

export interface MemoryEstimate {
  /** Weights, gradients and the two moments, f32. */
  parameters: number;
  /** What one pass keeps for its backward half. */
  activations: number;
  total: number;
}

const FLOAT = 4;

/**
 * Bytes that training needs at its peak, from the shapes alone: a float per weight and three more per parameter that trains, and per row what the ops of each
 * block keep (inputs of the matrix products and norms, queries, keys and values, the hidden layer of the MLP), or, with
 * checkpointing, what enters each block and the activations of one block.
 *
 * @param parameters floats that the model has, and those of them that train
 * @param rows of one forward and backward pass
 */
export function estimateMemory(
  config: ModelConfig,
  { weights, trained }: { weights: number; trained: number },
  { rows, checkpointing }: { rows: number; checkpointing: boolean },
): MemoryEstimate {
  const { width, layers, intermediate } = config;
  const keyValue = config.family === 'gpt2' ? width : config.keyValueHeads * config.headSize;
  const gated = config.family !== 'gpt2';
  // Two norms, queries before and after rotation, attention, two projections and two residual sums; keys and values.
  const block = 9 * width + 3 * keyValue + (gated ? 3 : 2) * intermediate;
  const perRow = checkpointing ? layers * width + block : layers * block;
  const parameters = (weights + 3 * trained) * FLOAT;
  const activations = rows * (perRow + 2 * width) * FLOAT;
  return { parameters, activations, total: parameters + activations };
}
