import { join } from 'node:path';
import { compare } from '../../estimators/compare/compare.js';
import type { Comparison } from '../../estimators/compare/result.js';
import { evaluate } from '../../estimators/evaluate.js';
import type { Evaluation, Normalisation } from '../../estimators/result.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { readOwnJson } from '../../files/text.js';
import { loadModel } from '../../models/load.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import type { Policy } from '../../policy/policy.js';
import { scoreToFile } from '../../policy/score-cache.js';
import { scoreFile } from '../../policy/score-file.js';
import { ScoredSlates } from '../../policy/scored-slates.js';
import { openTest, type StudyData } from './data.js';
import { asPolicy, type StudyLogging } from './logging.js';
import type { Study } from './study.js';
import type { StudyModel } from './train.js';

/** The test slates under a model. */
export interface StudyScores {
  name: string;
  hash: string;
  path: string;
}

/** Scores the test slates of a data set with a model. */
export async function scoreModel(study: Study, model: StudyModel, data: StudyData): Promise<StudyScores> {
  const name = `${model.name}-on-${data.name}`;
  const { encoding } = model.backbone;
  const { folder, hash } = await study.stages.run(
    'scores',
    name,
    { model: model.hash, data: data.hash },
    async (folder) => {
      using loaded = await loadModel(model.model, { device: study.config.device, frozen: true });
      const policy = new LocalPolicy(loaded, { ...encoding, name: model.name });
      return await scoreToFile(policy, await openTest(data, 'test'), join(folder, 'scores.jsonl'), {
        ...(study.signal && { signal: study.signal }),
        onProgress: ({ responses }) =>
          study.onProgress({ label: `scores of ${name}`, done: responses, total: undefined, unit: 'responses' }),
      });
    },
  );
  return { name, hash, path: join(folder, 'scores.jsonl') };
}

/** V of a model by every estimator, from the test slates. */
export async function evaluateModel(
  study: Study,
  scores: StudyScores,
  data: StudyData,
  logging: StudyLogging,
): Promise<Evaluation> {
  const options = valueOptions(study);
  const key = { scores: scores.hash, data: data.hash, logging: logging.hash, options };
  const { folder } = await study.stages.run('values', scores.name, key, async (folder) => {
    const [target, told] = [scoreFile(scores.path), asPolicy(logging)];
    const slates = new ScoredSlates(await openTest(data, 'test'), [target, told]);
    const evaluation = await evaluate(slates, { target, logging: told, signal: study.signal, ...options });
    if (slates.skipped > 0) {
      const message = `${slates.skipped} queries have a response without a score and were left out`;
      evaluation.warnings.push({ code: 'UNSCORED_QUERIES', message });
    }
    await writeFileAtomic(join(folder, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
    return { verdict: evaluation.verdict };
  });
  return readOwnJson(join(folder, 'evaluation.json'));
}

/** Values of several models on the same slates and resamples: decomposed, under one normalisation. */
export async function compareModels(
  study: Study,
  scores: ReadonlyMap<string, StudyScores>,
  { data, logging, normalise }: { data: StudyData; logging: StudyLogging; normalise: Normalisation },
): Promise<Comparison> {
  const options = { ...valueOptions(study), estimator: 'decomposed', normalise } as const;
  const hashes = [...scores].map(([name, { hash }]) => [name, hash]);
  const key = { scores: hashes, data: data.hash, logging: logging.hash, options };
  const { folder } = await study.stages.run('comparisons', `${data.name}-${normalise}`, key, async (folder) => {
    const targets = new Map<string, Policy>([...scores].map(([name, { path }]) => [name, scoreFile(path)]));
    const told = asPolicy(logging);
    const slates = new ScoredSlates(await openTest(data, 'test'), [...targets.values(), told]);
    const comparison = await compare(slates, { targets, logging: told, signal: study.signal, ...options });
    await writeFileAtomic(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
    return { best: comparison.best };
  });
  return readOwnJson(join(folder, 'comparison.json'));
}

function valueOptions({ config: { value, alpha, resamples } }: Study) {
  return { ...value, alpha, resamples };
}
