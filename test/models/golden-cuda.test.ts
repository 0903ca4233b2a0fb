/**
 * Whole models on a GPU: scores, gradients and steps of AdamW against the golden values. Here the GPU is the host (native/simt);
 * with POPE_NATIVE_PATH=build-cuda/Release/pope_cuda.node it is a real one, and all of them are run.
 */
import { describeGoldenScores } from '../helpers/golden-scores.js';
import { describeGoldenTraining } from '../helpers/golden-training.js';
import { CAUSAL_FIXTURES } from '../helpers/model-fixtures.js';
import { simtBinary } from '../helpers/simt-addon.js';

const whole = process.env.POPE_NATIVE_PATH !== undefined;
process.env.POPE_NATIVE_PATH ??= simtBinary;

/** The host is slow: of each family one there, with absolute positions, with heads that are normed and shared, with a long range. */
const [scored, trained] = whole
  ? [CAUSAL_FIXTURES, CAUSAL_FIXTURES]
  : [
      ['gpt2-tiny', 'qwen3-tiny', 'phi3-tiny-longrope'],
      ['gpt2-tiny', 'llama3-tiny'],
    ];
for (const name of scored) describeGoldenScores(name, 'cuda');
for (const name of trained) describeGoldenTraining(name, 'cuda');
