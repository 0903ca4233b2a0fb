import { trainBackbone } from './backbone.js';
import type { Study } from './study.js';

/** Far from the seeds of data and backbones. */
const SEED = 1000;

/**
 * A model of the language of the text worlds that shares nothing with a study but that: other people, texts, first weights. It judges the
 * fluency of answers where `metrics.fluency` is `world`, and learns as long as the backbones did.
 */
export function worldReader(study: Study): Promise<{ hash: string; model: string }> {
  const steps = Math.max(...study.config.backbones.map((backbone) => backbone.steps));
  return trainBackbone(study, { name: 'reader', world: 'pluralistic', seed: SEED, steps });
}
