export type { GradientOptions } from './accumulate-gradient.js';
export type { BatchOptions } from './batch-options.js';
export { CausalModel, type ScoreTokensOptions, type TokenScores } from './causal-model.js';
export type { Gpt2Config, LlamaConfig, ModelConfig } from './config.js';
export { type EncodedResponse, type EncodedSlate, type EncodingOptions, SlateEncoder } from './encode-slate.js';
export { type LoadOptions, loadModel } from './load.js';
export type { TokenSlate } from './packing.js';
export { type WritableTensor, writeSafetensors } from './safetensors-writer.js';
export { Tokenizer } from './tokenizer.js';
