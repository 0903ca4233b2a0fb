import { join } from 'node:path';
import { type Encoder, openEncoder } from '../../encoders/index.js';
import { writeFileAtomic } from '../../files/atomic.js';
import { readOwnJson } from '../../files/text.js';
import type { Contributions } from '../../metrics/measure/contributions.js';
import { measure } from '../../metrics/measure/measure.js';
import type { Measurements, MetricName } from '../../metrics/measure/result.js';
import { loadModel } from '../../models/load.js';
import { loadEncoder } from '../../models/load-encoder.js';
import { readGenerations } from '../../policy/generations.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import { WorldEncoder } from '../worlds/text/encoder.js';
import type { StudyConfig } from './config.js';
import { openTest, type StudyData } from './data.js';
import type { StudyAnswers } from './generate.js';
import type { Study } from './study.js';
import { worldReader } from './world-reader.js';

/** What `pope metrics` says of answers, and what each query adds to it. */
export interface StudyMeasured {
  measurements: Measurements;
  contributions: Partial<Record<MetricName, Contributions>>;
}

/** Measures answers against the references of their queries. */
export async function measureAnswers(
  study: Study,
  answers: StudyAnswers,
  data: StudyData,
  metrics: StudyConfig['metrics'] = study.config.metrics,
): Promise<StudyMeasured> {
  const { alpha, resamples, device } = study.config;
  const reader = metrics.fluency === 'world' ? await worldReader(study) : null;
  const judge = reader?.model ?? metrics.fluency;
  const key = { answers: answers.hash, data: data.hash, metrics, reader: reader?.hash, alpha, resamples };
  const { folder } = await study.stages.run('metrics', answers.name, key, async (folder) => {
    const { tau, top: k } = metrics;
    const encoder = await openStudyEncoder(metrics, device);
    const alignScore = metrics.alignScore === undefined ? undefined : await loadEncoder(metrics.alignScore, { device });
    const fluency = judge === undefined ? undefined : await loadModel(judge, { device, frozen: true });
    const contributions: StudyMeasured['contributions'] = {};
    try {
      const generations = await readGenerations([answers.path]);
      const measurements = await measure(await openTest(data, 'references'), generations, {
        ...{ encoder, tau, k, alpha, resamples, alignScore, signal: study.signal },
        fluency: fluency && new LocalPolicy(fluency, { onOverflow: 'skip' }),
        onContributions: (metric, own) => {
          contributions[metric] = own;
        },
      });
      await writeFileAtomic(join(folder, 'metrics.json'), `${JSON.stringify(measurements, null, 2)}\n`);
      await writeFileAtomic(join(folder, 'contributions.json'), `${JSON.stringify(contributions)}\n`);
      return { queries: measurements.queries, responses: measurements.responses };
    } finally {
      for (const each of [encoder, alignScore, fluency]) each?.dispose();
    }
  });
  const stored = await readOwnJson<Record<MetricName, { values: (number | null)[]; weights: number[] | null }>>(
    join(folder, 'contributions.json'),
  );
  // JSON knows no NaN.
  const contributions = Object.entries(stored).map(([metric, { values, weights }]) => [
    metric,
    { values: values.map((value) => value ?? Number.NaN), weights },
  ]);
  return {
    measurements: await readOwnJson(join(folder, 'metrics.json')),
    contributions: Object.fromEntries(contributions),
  };
}

/** As `openEncoder`; `world` is the text worlds' own. */
export async function openStudyEncoder(
  { embedder, embedderModel }: StudyConfig['metrics'],
  device: StudyConfig['device'],
): Promise<Encoder> {
  return embedder === 'world' ? new WorldEncoder() : openEncoder(embedder, { model: embedderModel, device });
}
