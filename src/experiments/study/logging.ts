import { join } from 'node:path';
import { fitLogging } from '../../align/fit-logging.js';
import { LoggedDataset } from '../../data/dataset.js';
import type { Policy } from '../../policy/policy.js';
import { scoreFile } from '../../policy/score-file.js';
import { prepareBackbone } from './backbone.js';
import type { LoggingConfig } from './config.js';
import type { StudyData } from './data.js';
import type { Study } from './study.js';

/** pi0 of a data set. */
export interface StudyLogging {
  hash: string;
  /** Scores of the whole log; null: the log's own propensities. */
  scores: string | null;
}

/** The log's own propensities, or those of a model that is fitted to it, cross-fitted. */
export async function loggingPolicy(
  study: Study,
  data: StudyData,
  config: LoggingConfig = data.config.logging ?? study.config.logging,
): Promise<StudyLogging> {
  if (config === 'log') return { hash: 'log', scores: null };
  const { folder, hash } = await fitted(study, data, config);
  return { hash, scores: join(folder, 'scores.jsonl') };
}

/** The folder of a fit (docs/formats.md section 3). */
export async function fitted(
  study: Study,
  data: StudyData,
  { model: from, folds, training = {}, encoding = {} }: Exclude<LoggingConfig, 'log'>,
): Promise<{ folder: string; hash: string }> {
  const backbone = study.config.backbones.some(({ name }) => name === from) ? await prepareBackbone(study, from) : null;
  const model = backbone?.model ?? from;
  const seed = study.seeds[0]!;
  const key = { data: data.hash, model: backbone?.hash ?? from, folds, training, encoding, seed };
  return await study.stages.run('logging', data.name, key, async (folder) => {
    const { heldOut, skipped } = await fitLogging(await LoggedDataset.open(data.log), {
      ...training,
      ...{ model, folds, encoding, seed, signal: study.signal, output: folder, device: study.config.device },
      onProgress: (fold, { step, steps }) =>
        study.onProgress({
          label: `fitting pi0 of ${data.name}, ${fold === null ? 'all queries' : `fold ${fold}`}`,
          done: step,
          total: steps,
          unit: 'steps',
        }),
    });
    return { heldOut, skipped };
  });
}

/** As estimators and training take it. */
export function asPolicy({ scores }: StudyLogging): Policy | 'log' {
  return scores === null ? 'log' : scoreFile(scores);
}
