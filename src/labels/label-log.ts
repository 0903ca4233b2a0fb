/** @file `pope label`: the opinion that each response of a log expresses, by clusters of embeddings or by a chat model. */

import { AtomicWriter } from '../data/atomic-writer.js';
import type { LoggedDataset } from '../data/dataset.js';
import type { Slate } from '../data/slate.js';
import type { Encoder } from '../encoders/encoder.js';
import { AgreementTally, type LabelAgreement } from './agreement.js';
import { averageLinkage, cosineDistances, cutTree, DistanceThreshold, type Merge } from './cluster.js';

/** How many opinions a query has: so many at most, or as many as the common height of all queries leaves. */
export type ClusterCount = number | 'auto';

/** How responses are labelled. */
export interface LabelOptions {
  clusters?: ClusterCount | undefined;
  /** Of the intervals of the agreement; default 0. */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the queries labelled so far. */
  onProgress?: ((progress: { queries: number }) => void) | undefined;
}

/** What the labels are like, and how they agree with those that were there. */
export interface LabelReport {
  queries: number;
  responses: number;
  /** Responses that no answer of the chat model names; they keep no label. */
  unlabelled: number;
  /** Opinions per query, on average. */
  opinionsPerQuery: number;
  /** The distance at which the trees of all queries are cut; null with a given number, and for a chat model. */
  height: number | null;
  /** With the labels that the log had; null where it had none to compare. */
  agreement: LabelAgreement | null;
}

/** Labels of one slate, in the order of its responses. */
export type SlateLabels = (string | undefined)[];

/** Queries that are embedded, or asked about, together. */
const QUERIES_AT_ONCE = 64;

/**
 * Writes the log again with `opinion` set to the cluster of each response: o1, o2, .. in order of first appearance in its slate. A
 * label that was there becomes `givenOpinion`.
 *
 * Clusters are made slate by slate by average linkage on 1 - cosine. With 'auto' all trees are cut at one height: the distance
 * that parts the pairs of responses of the whole log into near and far ones best (Otsu). A number is the number of clusters of
 * every slate, cut to that of its responses.
 *
 * @throws what the log, the encoder and the writer throw
 */
export async function labelByClusters(
  log: LoggedDataset,
  encoder: Encoder,
  output: string,
  { clusters = 'auto', ...options }: LabelOptions = {},
): Promise<LabelReport> {
  if (encoder.fit) encoder.fit(await responseTexts(log));
  const threshold = new DistanceThreshold();
  const trees: Merge[][] = [];
  for await (const slates of inBatches(log)) {
    const texts = slates.flatMap(({ responses }) => responses.map(({ text }) => text));
    const vectors = await encoder.embed(texts, { signal: options.signal });
    for (const { responses } of slates) {
      const distances = cosineDistances(vectors.splice(0, responses.length));
      threshold.add(distances);
      trees.push(averageLinkage(distances));
    }
    options.onProgress?.({ queries: trees.length });
  }
  const height = clusters === 'auto' ? threshold.value : null;
  let query = 0;
  const labelsOfNext = () => {
    const tree = trees[query++]!;
    const count = clusters === 'auto' ? tree.filter((merge) => merge.height > height!).length + 1 : clusters;
    return cutTree(tree, Math.min(count, tree.length + 1)).map((cluster) => `o${cluster + 1}`);
  };
  const report = await writeLabels(log, output, options, async (slates) => slates.map(labelsOfNext));
  return { ...report, height };
}

/** The log again, with the labels that `labelsOf` gives a few slates at a time, in the order of the log. */
export async function writeLabels(
  log: LoggedDataset,
  output: string,
  { seed = 0 }: LabelOptions,
  labelsOf: (slates: readonly Slate[]) => Promise<SlateLabels[]>,
): Promise<LabelReport> {
  const tally = new AgreementTally();
  const counts = { queries: 0, responses: 0, unlabelled: 0 };
  let opinions = 0;
  const writer = await AtomicWriter.create(output);
  try {
    for await (const slates of inBatches(log)) {
      const labelsOfSlates = await labelsOf(slates);
      for (const [i, slate] of slates.entries()) {
        const labels = labelsOfSlates[i]!;
        const given = slate.responses.map(({ opinion }) => opinion);
        tally.add(given, labels);
        counts.queries++;
        counts.responses += labels.length;
        counts.unlabelled += labels.filter((label) => label === undefined).length;
        opinions += new Set(labels.filter((label) => label !== undefined)).size;
        await writer.line(labelled(slate, labels));
      }
    }
    await writer.commit();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return { ...counts, opinionsPerQuery: opinions / counts.queries, height: null, agreement: tally.result({ seed }) };
}

function labelled(slate: Slate, labels: SlateLabels): Slate {
  const responses = slate.responses.map(({ opinion, ...response }, i) => ({
    ...response,
    ...(labels[i] !== undefined && { opinion: labels[i] }),
    ...(opinion !== undefined && { givenOpinion: opinion }),
  }));
  return { ...slate, responses: responses as Slate['responses'] };
}

async function responseTexts(log: AsyncIterable<Slate>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { responses } of log) texts.push(...responses.map(({ text }) => text));
  return texts;
}

async function* inBatches(log: AsyncIterable<Slate>): AsyncGenerator<Slate[]> {
  let batch: Slate[] = [];
  for await (const slate of log) {
    batch.push(slate);
    if (batch.length < QUERIES_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
