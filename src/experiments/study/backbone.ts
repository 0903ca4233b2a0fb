import { join } from 'node:path';
import { trainBase } from '../synthetic/training.js';
import { textWorld } from '../worlds/text/text-world.js';
import type { TextWorldName } from '../worlds/text/worlds.js';
import type { BackboneConfig } from './config.js';
import type { Study } from './study.js';

/** A model to begin with. */
export interface StudyBackbone {
  name: string;
  hash: string;
  /** Folder in Hugging Face layout. */
  model: string;
  encoding: NonNullable<BackboneConfig['encoding']>;
}

/** A model folder as it is, or the base model of a text world, which is trained here. */
export async function prepareBackbone(study: Study, name: string): Promise<StudyBackbone> {
  const { model, world, seed, steps, encoding = {} } = study.backbone(name);
  // By its path alone (docs/experiments.md).
  if (model !== undefined) return { name, hash: JSON.stringify({ model, encoding }), model, encoding };
  const base = await trainBackbone(study, { name, world: world!, seed, steps });
  const hash = Object.keys(encoding).length === 0 ? base.hash : JSON.stringify({ base: base.hash, encoding });
  return { name, hash, model: base.model, encoding };
}

/** Trains the base model of a text world. */
export async function trainBackbone(
  study: Study,
  { name, world, seed, steps }: { name: string; world: TextWorldName; seed: number; steps: number },
): Promise<{ hash: string; model: string }> {
  const { folder, hash } = await study.stages.run('backbone', name, { world, seed, steps }, async (folder) => {
    const trained = await trainBase(textWorld(world, seed), {
      folder,
      steps,
      signal: study.signal,
      onProgress: ({ step }) =>
        study.onProgress({ label: `training ${name}`, done: step, total: steps, unit: 'steps' }),
    });
    return { steps: trained.steps, tokens: trained.tokens };
  });
  return { hash, model: join(folder, 'run', 'model') };
}
