import { join } from 'node:path';
import { judgeGenerations } from '../../judge/judge-generations.js';
import type { JudgeSummary } from '../../metrics/measure/result.js';
import { readGenerations } from '../../policy/generations.js';
import { openTest, type StudyData } from './data.js';
import type { StudyAnswers } from './generate.js';
import type { Study } from './study.js';

/** Wins of some answers over others by the judge of the configuration. */
export async function judgeAnswers(
  study: Study,
  { ours, theirs, data }: { ours: StudyAnswers; theirs: StudyAnswers; data: StudyData },
): Promise<JudgeSummary> {
  const { judge, alpha } = study.config;
  const { url, model, responses } = judge!;
  const key = { ours: ours.hash, theirs: theirs.hash, data: data.hash, url, model, responses, alpha };
  const { result } = await study.stages.run('judge', ours.name, key, async (folder) => {
    const [own, other] = [await readGenerations([ours.path]), await readGenerations([theirs.path])];
    return judgeGenerations(await openTest(data, 'references'), own, other, {
      ...{ url, model, responses, alpha, signal: study.signal, file: join(folder, 'judgements.jsonl') },
      onProgress: ({ matches, total }) =>
        study.onProgress({ label: `judging ${ours.name}`, done: matches, total, unit: 'comparisons' }),
    });
  });
  return result;
}
