import { Device } from '../tensor/device.js';
import { createNetwork } from './architecture.js';
import { CausalModel } from './causal-model.js';
import { ModelWeights, type WeightOptions } from './weights.js';

/**
 * A model of the same shapes, product type and adapters on a device that only counts (`Device.open` with `dry`): what is
 * done with it takes the memory that it would take with the model itself, but in no time and without the memory. It has no
 * tokenizer.
 *
 * @param options.frozen whether it is as if loaded so; default: as the model
 */
export function dryModel(model: CausalModel, options: WeightOptions = {}): CausalModel {
  const { name, folder, config, dtype, hash, deviceKind, adapterOptions } = model;
  const device = Device.open(deviceKind, { products: dtype, dry: true });
  const weights = ModelWeights.blank(device, model.weights, options);
  const network = createNetwork(config, weights, device);
  const parts = { name, folder, config, tokenizer: null, trainedOn: null, hash, dtype, device, weights, network };
  const dry = new CausalModel(parts);
  if (adapterOptions) dry.addLora(adapterOptions);
  return dry;
}
