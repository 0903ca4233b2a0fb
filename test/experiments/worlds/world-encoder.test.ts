import { expect, it } from 'vitest';
import { WorldEncoder } from '../../../src/experiments/worlds/text/encoder.js';
import { cosineSimilarity } from '../../../src/metrics/similarity.js';

const encoder = new WorldEncoder();

async function similarity(a: string, b: string): Promise<number> {
  const [one, other] = await encoder.embed([a, b]);
  return cosineSimilarity([one!], [other!]).values[0]!;
}

it.each<[string, string, number]>([
  ['I would back trains.', 'Honestly I would surely back trains overall.', 1],
  ['I would back trains for growth.', 'I would back trains for growth and health.', 0.85 + 0.15 / Math.SQRT2],
  ['I would back trains for growth.', 'I would back trains for health.', 0.85],
  ['I would back trains.', 'I would back trains for health.', 0.85],
  ['I would back trains.', 'I would back parks.', 0.8],
  ['I would back trains for growth.', 'I would back parks for health.', 0.65],
  ['I would back trains.', 'I would block trains.', 0.35],
  ['I would back trains for growth.', 'I would block trains for cost.', 0.2],
  ['I would back trains.', 'Should we build trains here?', Math.sqrt(0.2)],
  ['I would back trains.', 'Should we build parks here?', 0],
  ['I would back trains.', 'trains would back I.', 0],
  ['', '', 0],
])('"%s" and "%s" are alike by %f', async (a, b, expected) => {
  expect(await similarity(a, b)).toBeCloseTo(expected, 6);
});
