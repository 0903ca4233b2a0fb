import { join } from 'node:path';
import { AtomicWriter } from '../../data/atomic-writer.js';
import { LoggedDataset } from '../../data/dataset.js';
import { DataError } from '../../errors.js';
import { Random } from '../../estimators/random.js';
import { loadModel } from '../../models/load.js';
import { LocalPolicy } from '../../policy/local-policy.js';
import type { ResponseScore } from '../../policy/policy.js';
import { scoreToFile } from '../../policy/score-cache.js';
import { ScoredSlates } from '../../policy/scored-slates.js';
import type { PropensityChange } from './config.js';
import type { StudyData } from './data.js';
import { asPolicy, fitted, loggingPolicy, type StudyLogging } from './logging.js';
import type { Study } from './study.js';

/**
 * The logging policy as somebody knows it who is wrong about it: with noise, at another temperature, as another fit has it, or as a fit
 * has it that saw every response. Without a change, as it is.
 */
export async function changedLogging(
  study: Study,
  data: StudyData,
  { logging, change }: { logging: StudyLogging; change: PropensityChange | undefined },
): Promise<StudyLogging> {
  if (change === undefined) return logging;
  if ('fit' in change) return loggingPolicy(study, data, change.fit);
  if ('inSample' in change) return inSample(study, data, change.inSample);
  const seed = study.seeds[0]!;
  const key = { data: data.hash, logging: logging.hash, change, seed };
  const { folder, hash } = await study.stages.run(
    'logging',
    `${data.name}-${nameOfChange(change)}`,
    key,
    async (folder) => {
      const random = new Random(seed);
      const changed = (l0: number) => ('noise' in change ? l0 + change.noise * random.normal() : change.factor * l0);
      const writer = await AtomicWriter.create(join(folder, 'scores.jsonl'));
      try {
        for await (const { query, response, logprob, tokens } of propensities(
          await LoggedDataset.open(data.log),
          logging,
        )) {
          // A log-probability stays one.
          await writer.line({
            query,
            response,
            policy: nameOfChange(change),
            logprob: Math.min(0, changed(logprob)),
            tokens,
          });
        }
        await writer.commit();
      } catch (error) {
        await writer.abort();
        throw error;
      }
      return { responses: writer.lines };
    },
  );
  return { hash, scores: join(folder, 'scores.jsonl') };
}

type Propensity = Pick<ResponseScore, 'response' | 'logprob' | 'tokens'> & { query: string };

/** Names of changes, each once: the second of one kind has a number. */
export function namesOfChanges(changes: readonly PropensityChange[]): string[] {
  const names = changes.map(nameOfChange);
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}

/** Short, and fit to be part of a folder's name. */
function nameOfChange(change: PropensityChange): string {
  if ('noise' in change) return `noise-${change.noise}`;
  if ('factor' in change) return `times-${change.factor}`;
  return 'fit' in change ? 'another-fit' : 'in-sample';
}

/** Scores by the model that was fitted to all queries, the scored ones among them. */
async function inSample(
  study: Study,
  data: StudyData,
  config: Extract<PropensityChange, { inSample: unknown }>['inSample'],
): Promise<StudyLogging> {
  const fit = await fitted(study, data, config);
  const { folder, hash } = await study.stages.run(
    'logging',
    `${data.name}-in-sample`,
    { fit: fit.hash },
    async (folder) => {
      using model = await loadModel(join(fit.folder, 'model'), { device: study.config.device, frozen: true });
      const policy = new LocalPolicy(model, { ...config.encoding, name: 'in-sample' });
      return await scoreToFile(policy, await LoggedDataset.open(data.log), join(folder, 'scores.jsonl'), {
        ...(study.signal && { signal: study.signal }),
      });
    },
  );
  return { hash, scores: join(folder, 'scores.jsonl') };
}

async function* propensities(log: LoggedDataset, logging: StudyLogging): AsyncGenerator<Propensity> {
  const policy = asPolicy(logging);
  if (policy === 'log') return yield* loggedPropensities(log);
  for await (const { query, responses } of policy.score(new ScoredSlates(log, [policy]))) {
    for (const { response, logprob, tokens } of responses) yield { query, response, logprob, tokens };
  }
}

async function* loggedPropensities(log: LoggedDataset): AsyncGenerator<Propensity> {
  for await (const { id: query, responses } of log) {
    for (const { id: response, logging } of responses) {
      if (logging?.logprob === undefined || logging.tokens === undefined) {
        const what = `query "${query}", response "${response}": expected logging.logprob and logging.tokens, to change them`;
        throw new DataError('PROPENSITY_MISSING', `${what}; name a model to fit as logging instead`);
      }
      yield { query, response, logprob: logging.logprob, tokens: logging.tokens };
    }
  }
}
