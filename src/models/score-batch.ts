import type { Device } from '../tensor/device.js';
import { type FusedHead, fusedHead, gatherRows } from '../tensor/ops/index.js';
import type { Network } from './network.js';
import type { NetworkInputs } from './network-inputs.js';
import type { PackedBatch } from './packing.js';

/** What runs a batch. */
export interface Runner {
  device: Device;
  network: Network;
  inputs: NetworkInputs;
}

/** Scores of one response of T tokens; nats. */
export interface TokenScores {
  /** log p(token | prompt, earlier tokens), [T]. */
  logProbs: Float32Array;
  /** Entropy of the distribution that each token was drawn from, [T]; null unless asked for. */
  entropies: Float32Array | null;
  /** Sum of `logProbs`, accumulated in double. */
  sum: number;
  /** sum / T. */
  mean: number;
}

/** What was read of a batch, response by response. */
export function* scoresOf(
  { spans }: PackedBatch,
  logProbs: Float32Array,
  entropies: Float32Array | null,
): Generator<TokenScores & { slate: number; response: number }> {
  for (const { slate, response, start, count } of spans) {
    const own = logProbs.slice(start, start + count);
    const sum = own.reduce((total, value) => total + value, 0);
    const ownEntropies = entropies?.slice(start, start + count) ?? null;
    yield { slate, response, logProbs: own, entropies: ownEntropies, sum, mean: sum / count };
  }
}

/** Log-probability and entropy of every predicted token of a batch, in the order of its head rows. */
export function scoreBatch({ device, network, inputs }: Runner, batch: PackedBatch, temperature: number): FusedHead {
  const hidden = network.forward(inputs.upload(batch));
  const rows = device.tensor(batch.headRows, [batch.headRows.length], 'i32');
  const targets = device.tensor(batch.targets, [batch.targets.length], 'i32');
  return fusedHead(gatherRows(hidden, rows), network.head, targets, { temperature });
}
