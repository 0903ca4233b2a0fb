/** The golden values of the encoder fixtures, through the public API. test/fixtures/models/README.md says where they come from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TransformerEncoder } from '../../src/models/encoder.js';
import { loadEncoder } from '../../src/models/load-encoder.js';
import { fixtureModel } from '../helpers/model-fixtures.js';
import { expectClose } from '../helpers/tolerance.js';

/** The README's for encoder outputs in float32. */
const TOLERANCE = { atol: 2e-5, rtol: 0 };

interface Batch {
  name: string;
  input_ids: number[][];
  attention_mask: number[][];
  token_type_ids: number[][];
  hidden: { row: number; position: number; values: number[] }[];
  pooler_output?: number[][];
  mean_pooled?: number[][];
  sentence_embedding?: number[][];
  cosine_similarity?: number[][];
  logits?: number[][];
  probabilities?: number[][];
}

const read = (name: string): Batch[] =>
  JSON.parse(readFileSync(join(fixtureModel(name), 'expected.json'), 'utf8')).batches;

/** The rows of a batch without their padding. */
function sequences({ input_ids, attention_mask, token_type_ids }: Batch) {
  return input_ids.map((ids, row) => {
    const kept = (values: number[]) => values.filter((_, i) => attention_mask[row]![i] === 1);
    return { ids: kept(ids), types: kept(token_type_ids[row]!) };
  });
}

describe.each(['bert-tiny-minilm', 'roberta-tiny-cls'])('%s', (name) => {
  let encoder: TransformerEncoder;
  beforeAll(async () => {
    encoder = await loadEncoder(fixtureModel(name), { device: 'cpu' });
  });
  afterAll(() => encoder.dispose());

  describe.each(read(name))('batch $name', (batch) => {
    const rows = sequences(batch);

    test('hidden states', async () => {
      for (const { row, position, values } of batch.hidden) {
        const hidden = await encoder.hidden(rows[row]!.ids, rows[row]!.types);
        const at = position * encoder.dimensions;
        expectClose(
          hidden.subarray(at, at + encoder.dimensions),
          values,
          TOLERANCE,
          `row ${row}, position ${position}`,
        );
      }
    });

    if (batch.pooler_output) {
      test('pooler', async () => {
        for (const [row, { ids, types }] of rows.entries()) {
          expectClose(await encoder.pooled(ids, types), batch.pooler_output![row]!, TOLERANCE, `row ${row}`);
        }
      });
    }

    if (batch.sentence_embedding) {
      test('sentence embeddings and their cosines', async () => {
        const vectors = await encoder.embedIds(rows);
        vectors.forEach((vector, row) => {
          expectClose(vector, batch.sentence_embedding![row]!, TOLERANCE, `row ${row}`);
          const cosines = vectors.map((other) => other.reduce((sum, value, d) => sum + value * vector[d]!, 0));
          expectClose(cosines, batch.cosine_similarity![row]!, TOLERANCE, `cosines of row ${row}`);
        });
      });
    }

    if (batch.logits) {
      test('classes', async () => {
        const logits = await encoder.classifyAll(rows);
        logits.forEach((own, row) => {
          expectClose(own, batch.logits![row]!, TOLERANCE, `logits of row ${row}`);
        });
      });
    }

    test('a sequence gets the same numbers alone, in a batch and in batches of one', async () => {
      const one = async (batchTokens: number) => (await encoder.embedIds(rows, { batchTokens })).flatMap((v) => [...v]);
      const alone = await Promise.all(rows.map((row) => encoder.embedIds([row])));
      const together = await one(1000);
      expectClose(await one(1), together, { atol: 1e-6, rtol: 0 });
      expectClose(
        alone.flat().flatMap((v) => [...v]),
        together,
        { atol: 1e-6, rtol: 0 },
      );
    });
  });

  test('nothing is left on the device', async () => {
    const { liveBuffers } = encoder.memoryStats();
    await encoder.embedIds([{ ids: [5, 6, 7] }]);
    expect(encoder.memoryStats().liveBuffers).toBe(liveBuffers);
  });
});
