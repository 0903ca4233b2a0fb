import { join } from 'node:path';
import { align, resumeFolder } from '../../align/index.js';
import { RunFolder } from '../../align/run-folder.js';
import { LoggedDataset } from '../../data/dataset.js';
import { loadModel } from '../../models/load.js';
import { ScoredSlates } from '../../policy/scored-slates.js';
import type { StudyBackbone } from './backbone.js';
import type { MethodConfig } from './config.js';
import type { StudyData } from './data.js';
import { asPolicy, type StudyLogging } from './logging.js';
import type { Study } from './study.js';

/** A model that a method made of a backbone, or the backbone itself. */
export interface StudyModel {
  /** For people and policies: backbone, data, method and seed. */
  name: string;
  hash: string;
  model: string;
  backbone: StudyBackbone;
  seed: number;
  /** Null for a backbone as it is. */
  training: { steps: number; tokens: number; warnings: string[] } | null;
}

/** Aligns a backbone to the training split of a data set; killed, the same call goes on from the last checkpoint. */
export async function trainMethod(
  study: Study,
  { data, backbone, method, seed }: { data: StudyData; backbone: StudyBackbone; method: MethodConfig; seed: number },
  logging: StudyLogging,
): Promise<StudyModel> {
  const { name: backboneName, model: from, encoding } = backbone;
  if (method.training === undefined) {
    return { name: `${backboneName}-${method.name}`, hash: backbone.hash, model: from, backbone, seed, training: null };
  }
  const settings = { ...study.config.training, ...method.training, seed };
  const name = `${backboneName}-${data.name}-${method.name}-${seed}`;
  // The others would only be measured with it.
  const weighs = (settings.method ?? 'pope') === 'pope';
  const key = { data: data.hash, backbone: backbone.hash, settings, logging: weighs ? logging.hash : null };
  const { folder, hash, result } = await study.stages.run('train', name, key, async (folder) => {
    const output = join(folder, 'run');
    using model = await loadModel((await resumeFolder(output)) ?? from, { device: study.config.device });
    const log = await LoggedDataset.open(data.log);
    const policy = asPolicy(logging);
    // What exceeds the context of pi0 has no score of it.
    const { steps, tokens, warnings } = await align(model, weighs ? new ScoredSlates(log, [policy]) : log, {
      ...settings,
      ...data.split,
      ...(weighs ? { logging: policy } : {}),
      ...{ encoding, output, resume: true, signal: study.signal },
      onProgress: ({ step, steps }) =>
        study.onProgress({ label: `training ${name}`, done: step, total: steps, unit: 'steps' }),
    });
    // With the optimizer's moments they are several times the size of the model.
    await new RunFolder(output).removeCheckpoints();
    return { steps, tokens, warnings: warnings.map(({ code }) => code) };
  });
  return { name, hash, model: join(folder, 'run', 'model'), backbone, seed, training: result };
}
