import { createHash } from 'node:crypto';
import type { Slate } from '../../src/data/slate.js';
import type { BatchPolicy, KeyedSlate } from '../../src/policy/batch-policy.js';
import type { SlateScores } from '../../src/policy/policy.js';

interface FakeSlate extends KeyedSlate {
  readonly texts: readonly string[];
}

/**
 * A policy whose score is a function of the text, in batches of two slates. Each score also carries the batch in its
 * last bits, as real kernels may: work redone in other batches would be seen.
 */
export class FakePolicy implements BatchPolicy<FakeSlate> {
  readonly identity;
  /** Queries of every batch that was scored. */
  readonly scored: string[][] = [];
  /** Called before each batch is scored. */
  beforeBatch = (): void => {};

  constructor(
    readonly id = 'sha256:first',
    policy = 'fake',
  ) {
    this.identity = { policy, model: 'sha256:m', tokenizer: 'sha256:t', temperature: 1, dtype: 'f32' };
  }

  async *batches(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<readonly FakeSlate[]> {
    let batch: FakeSlate[] = [];
    for await (const slate of slates) {
      const texts = slate.responses.map(({ text }) => text);
      const responses = slate.responses.map(({ id, text }) => ({ id, key: `sha256:${hash(this.id + text)}` }));
      batch.push({ query: slate.id, responses, texts });
      if (batch.length === 2) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  }

  async scoreBatch(batch: readonly FakeSlate[]): Promise<SlateScores[]> {
    this.beforeBatch();
    this.scored.push(batch.map(({ query }) => query));
    const noise = parseInt(hash(batch.map(({ query }) => query).join()).slice(0, 4), 16) * 1e-12;
    return batch.map(({ query, responses, texts }) => ({
      query,
      responses: responses.map(({ id, key }, k) => ({
        response: id,
        logprob: -parseInt(hash(texts[k]!).slice(0, 6), 16) / 1e5 - noise,
        tokens: texts[k]!.length,
        bytes: Buffer.byteLength(texts[k]!),
        entropy: 1.5,
        key,
      })),
    }));
  }

  async *score(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<SlateScores> {
    for await (const batch of this.batches(slates)) yield* await this.scoreBatch(batch);
  }
}

/** A log of `count` queries with one to three responses each. */
export function fakeLog(count: number): Slate[] {
  return Array.from({ length: count }, (_, q) => ({
    id: `q${q}`,
    prompt: `prompt ${q}`,
    responses: Array.from({ length: (q % 3) + 1 }, (_, r) => ({ id: `r${r}`, text: `response ${r} to ${q}` })),
  }));
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
