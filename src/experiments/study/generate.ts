import { join } from 'node:path';
import { loadModel } from '../../models/load.js';
import { generateToFile } from '../../policy/generation-cache.js';
import { LocalGenerator } from '../../policy/local-generator.js';
import type { StudyConfig } from './config.js';
import { openTest, type StudyData } from './data.js';
import type { Study } from './study.js';
import type { StudyModel } from './train.js';

/** Answers of a model to the test queries of a data set. */
export interface StudyAnswers {
  name: string;
  hash: string;
  /** Generation file (docs/formats.md). */
  path: string;
}

/** Lets a model answer the test queries. */
export async function generateAnswers(
  study: Study,
  model: StudyModel,
  data: StudyData,
  sampling: StudyConfig['generation'] = study.config.generation,
): Promise<StudyAnswers> {
  const name = `${model.name}-on-${data.name}`;
  const key = { model: model.hash, data: data.hash, sampling, seed: model.seed };
  const { folder, hash } = await study.stages.run('answers', name, key, async (folder) => {
    using loaded = await loadModel(model.model, { device: study.config.device, frozen: true });
    const options = { ...model.backbone.encoding, ...sampling, seed: model.seed, name: model.name };
    return await generateToFile(new LocalGenerator(loaded, options), await openTest(data, 'references'), file(folder), {
      ...(study.signal && { signal: study.signal }),
      onProgress: ({ samples }) =>
        study.onProgress({ label: `answers of ${name}`, done: samples, total: undefined, unit: 'samples' }),
    });
  });
  return { name, hash, path: file(folder) };
}

function file(folder: string): string {
  return join(folder, 'generations.jsonl');
}
