import { gatherRows, matmul, sample } from '../tensor/ops/index.js';
import type { Tensor } from '../tensor/tensor.js';
import type { CachedSequences, NextRows, Sequence } from './generation-sequences.js';
import type { Runner } from './score-batch.js';

/** How tokens are drawn; see `GenerateOptions`. */
export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
  seed: number;
}

/** A token that was drawn for a sequence, with its log-probability (nats). */
export interface Drawn {
  sequence: Sequence;
  token: number;
  logProb: number;
}

/** Rows whose logits are in memory at once: 64 MiB of them. */
export function rowsTogether({ network }: Runner): number {
  return Math.max(1, Math.floor(2 ** 24 / network.head.shape[0]!));
}

/** Runs what was not run yet of sequences and draws one token for each. */
export async function drawNext(
  runner: Runner,
  sequences: CachedSequences,
  live: readonly Sequence[],
  sampling: Sampling,
): Promise<Drawn[]> {
  const draws = runner.device.scope(() => sequences.next(live).flatMap((rows) => drawAll(runner, rows, sampling)));
  const drawn: Drawn[] = [];
  for (const { of, ids, logProbs } of draws) {
    const [tokens, scores] = await Promise.all([readAndDispose(ids), readAndDispose(logProbs)]);
    of.forEach((sequence, i) => {
      drawn.push({ sequence, token: tokens[i]!, logProb: scores[i]! });
    });
  }
  return drawn;
}

/** One token for each sequence, of the logits at its row of `hidden`. */
function drawAll(runner: Runner, { hidden, rows, of }: NextRows, sampling: Sampling) {
  const { device, network } = runner;
  const draws = [];
  const together = rowsTogether(runner);
  for (let first = 0; first < of.length; first += together) {
    const some = of.slice(first, first + together);
    const own = rows.slice(first, first + together);
    // The samples of a prompt begin with the same row.
    const distinct = [...new Set(own)];
    const index = (values: readonly number[]) => device.tensor(Int32Array.from(values), [values.length], 'i32');
    const logits = matmul(gatherRows(hidden, index(distinct)), network.head, { transposed: true });
    const place = new Map(distinct.map((row, i) => [row, i]));
    draws.push({
      of: some,
      ...sample(
        distinct.length === own.length ? logits : gatherRows(logits, index(own.map((row) => place.get(row)!))),
        device.tensor(counters(some), [some.length, 3], 'i32'),
        sampling,
      ),
    });
  }
  return draws;
}

/** What names the random numbers of the next token of each. */
export function counters(sequences: readonly Sequence[]): Int32Array {
  return Int32Array.from(sequences.flatMap(({ stream, index, ids }) => [stream, index, ids.length]));
}

async function readAndDispose<D extends 'f32' | 'i32'>(tensor: Tensor<D>) {
  try {
    return await tensor.read();
  } finally {
    tensor.dispose();
  }
}
