import type { Device } from '../tensor/device.js';
import type { ModelConfig } from './config.js';
import { Gpt2, gpt2Parameters } from './gpt2.js';
import { Llama, llamaParameters } from './llama.js';
import type { Network } from './network.js';
import type { ModelWeights, Parameters } from './weights.js';

/** The parameters that the architecture of a config expects. */
export function expectedParameters(config: ModelConfig): Parameters {
  return config.family === 'gpt2' ? gpt2Parameters(config) : llamaParameters(config);
}

/** The network of a config over its weights. */
export function createNetwork(config: ModelConfig, weights: ModelWeights, device: Device): Network {
  return config.family === 'gpt2' ? new Gpt2(config, weights, device) : new Llama(config, weights);
}
