/** @file The log of RQ1: candidates that Base wrote, with its own propensities, valued by how near they are to the references. */
import { join } from 'node:path';
import { LoggedDataset } from '../../../data/dataset.js';
import type { LoggedResponse, Slate } from '../../../data/slate.js';
import { splitOf } from '../../../data/split.js';
import type { Encoder } from '../../../encoders/encoder.js';
import { DataError } from '../../../errors.js';
import { referenceVotes } from '../../../metrics/measure/references.js';
import { voteShares, weightedSum } from '../../../metrics/reference-weights.js';
import { cosineSimilarity, similarityRows } from '../../../metrics/similarity.js';
import type { CausalModel } from '../../../models/causal-model.js';
import { loadModel } from '../../../models/load.js';
import { generateToFile } from '../../../policy/generation-cache.js';
import { readGenerations } from '../../../policy/generations.js';
import { LocalGenerator } from '../../../policy/local-generator.js';
import { LocalPolicy } from '../../../policy/local-policy.js';
import type { StudyBackbone } from '../backbone.js';
import { type StudyData, writeSlates } from '../data.js';
import { openStudyEncoder } from '../measure.js';
import type { Study } from '../study.js';
import { writeReferences } from './references.js';
import type { Rq1Config } from './schema.js';

/** A candidate expresses the opinion of the reference that it is nearest to, from this similarity on. */
const SAME_OPINION = 0.5;
/** Warn where more of the candidates than this were cut at the most tokens. */
const MANY_CUT = 0.1;

/**
 * The data of RQ1 for one backbone. The signal of candidate y is sum_j p_j sim(y, h_j) over the references h_j, its propensity what the
 * backbone says of the text as it is logged and read back, end included: the same reading by which every policy is scored.
 */
export async function toyData(study: Study<Rq1Config>, name: string, backbone: StudyBackbone): Promise<StudyData> {
  const config = study.data(name);
  const { generation, metrics, testQueries } = study.config;
  const { candidates } = study.config.toy;
  const references = await writeReferences(study, config);
  const { splitRatio, splitSeed } = config;
  const split = { splitRatio, splitSeed };
  const { embedder, embedderModel } = metrics;
  const { maxTokens } = generation;
  const seed = study.seeds[0]!;
  const key = {
    ...{ references: references.hash, backbone: backbone.hash, candidates, maxTokens, seed },
    ...{ embedder, embedderModel, split, testQueries },
  };
  const { folder, hash, result } = await study.stages.run(
    'candidates',
    `${backbone.name}-${name}`,
    key,
    async (folder) => {
      const open = () => LoggedDataset.open(join(references.folder, 'references.jsonl'));
      const generated = join(folder, 'generations.jsonl');
      using model = await loadModel(backbone.model, { device: study.config.device, frozen: true });
      const generator = new LocalGenerator(model, {
        ...backbone.encoding,
        n: candidates,
        maxTokens,
        seed,
        name: backbone.name,
      });
      await generateToFile(generator, await open(), generated, {
        ...(study.signal && { signal: study.signal }),
        onProgress: ({ samples }) =>
          study.onProgress({ label: 'candidates', done: samples, total: undefined, unit: 'samples' }),
      });
      const { texts, cut } = await readGenerations([generated]);
      const written = [...texts.values()].reduce((sum, own) => sum + own.length, 0);
      const queries: Slate[] = [];
      for await (const slate of await open()) if (texts.has(slate.id)) queries.push(slate);
      const encoder = await openStudyEncoder(metrics, study.config.device);
      let log: Slate[];
      try {
        const valued = await valueCandidates(queries, texts, encoder, study.signal);
        log = await withPropensities(valued, model, backbone, study.signal);
      } finally {
        encoder.dispose();
      }
      const isTest = new Set(
        log
          .filter(({ id }) => splitOf(id, splitRatio, splitSeed) === 'test')
          .slice(0, testQueries)
          .map(({ id }) => id),
      );
      if (isTest.size === 0) {
        const todo = 'more queries, or another splitRatio or splitSeed, are needed';
        throw new DataError('LOG_EMPTY', `${name}: none of its ${log.length} queries is in the test split; ${todo}`);
      }
      await writeSlates(join(folder, 'log.jsonl'), log);
      await writeSlates(
        join(folder, 'test.jsonl'),
        log.filter(({ id }) => isTest.has(id)),
      );
      await writeSlates(
        join(folder, 'references.jsonl'),
        queries.filter(({ id }) => isTest.has(id)),
      );
      return { queries: log.length, test: isTest.size, cutShare: written === 0 ? null : cut / written };
    },
  );
  const file = (name: string) => join(folder, `${name}.jsonl`);
  // Without an end token a text that was cut has the probability of its beginning, which is what was sampled.
  const cutShare = backbone.encoding.end === 'none' ? 0 : (result.cutShare ?? 0);
  const message = `${Math.round(100 * cutShare)} % of the candidates were cut at ${maxTokens} tokens; they count as if they ended there`;
  return {
    ...{ name, hash, split, config, log: [file('log')], test: file('test'), references: file('references') },
    warnings: cutShare > MANY_CUT ? [{ code: 'CUT_CANDIDATES', message }] : [],
  };
}

/** Every query with its candidates, their signals and opinions. */
async function valueCandidates(
  queries: readonly Slate[],
  texts: ReadonlyMap<string, readonly string[]>,
  encoder: Encoder,
  signal: AbortSignal | undefined,
): Promise<Slate[]> {
  encoder.fit?.(queries.flatMap(({ responses }) => responses.map(({ text }) => text)));
  const log: Slate[] = [];
  for (const { responses: references, ...query } of queries) {
    // A log holds no empty response.
    const own = texts.get(query.id)!.filter((text) => text !== '');
    if (own.length === 0) continue;
    const vectors = await encoder.embed([...references.map(({ text }) => text), ...own], { signal });
    const rows = similarityRows(
      cosineSimilarity(vectors.slice(references.length), vectors.slice(0, references.length)),
    );
    const shares = voteShares(referenceVotes({ ...query, responses: references }).votes, references.length);
    const responses = own.map((text, i): LoggedResponse => {
      const row = rows[i]!;
      const nearest = row.indexOf(Math.max(...row));
      return {
        id: `c${i}`,
        text,
        signal: weightedSum(row, shares),
        ...(row[nearest]! >= SAME_OPINION ? { opinion: references[nearest]!.opinion ?? references[nearest]!.id } : {}),
      };
    });
    log.push({ ...query, responses });
  }
  return log;
}

async function withPropensities(
  log: readonly Slate[],
  model: CausalModel,
  { name, encoding }: StudyBackbone,
  signal: AbortSignal | undefined,
): Promise<Slate[]> {
  const scored: Slate[] = [];
  const byId = new Map(log.map((slate) => [slate.id, slate]));
  for await (const { query, responses: scores } of new LocalPolicy(model, encoding).score(
    log,
    signal ? { signal } : {},
  )) {
    const { responses, ...slate } = byId.get(query)!;
    const logged = responses.map((response, i) => {
      const { logprob, tokens } = scores[i]!;
      return { ...response, logging: { logprob: Math.min(0, logprob), tokens, policy: name } };
    });
    scored.push({ ...slate, responses: logged });
  }
  return scored;
}
