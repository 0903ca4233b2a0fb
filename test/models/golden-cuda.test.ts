/**
 * Whole models on a GPU: scores, gradients and steps of AdamW against the golden values. Here the GPU is the host (native/simt);
 * with POPE_NATIVE_PATH=build-cuda/Release/pope_cuda.node it is a real one.
 */
import { describeGoldenScores } from '../helpers/golden-scores.js';
import { describeGoldenTraining } from '../helpers/golden-training.js';
import { simtBinary } from '../helpers/simt-addon.js';

process.env.POPE_NATIVE_PATH ??= simtBinary;

/** One of each family: absolute positions, heads that are normed and shared, fused projections with a long range. */
for (const name of ['gpt2-tiny', 'qwen3-tiny', 'phi3-tiny-longrope']) describeGoldenScores(name, 'cuda');

for (const name of ['gpt2-tiny', 'llama3-tiny']) describeGoldenTraining(name, 'cuda');
