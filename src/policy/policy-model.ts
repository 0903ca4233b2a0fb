import type { CausalModel } from '../models/causal-model.js';
import { type LoadModelOptions, loadModel as loadCausalModel } from '../models/load.js';
import { LocalPolicy, type LocalPolicyOptions } from './local-policy.js';

/** A causal language model that makes policies of itself. */
export interface PolicyModel extends CausalModel {
  /** The model with a prompt, a temperature and an end rule as a policy; the model must outlive it. */
  policy(options?: LocalPolicyOptions): LocalPolicy;
}

/**
 * Loads a causal language model (gpt2, llama, qwen3, phi3) from a Hugging Face folder or the hub. Models know nothing of policies;
 * this is where they meet.
 *
 * @throws as `loadModel` of pope-native/models
 */
export async function loadModel(name: string, options: LoadModelOptions = {}): Promise<PolicyModel> {
  const model = await loadCausalModel(name, options);
  return Object.assign(model, { policy: (chosen?: LocalPolicyOptions) => new LocalPolicy(model, chosen) });
}
