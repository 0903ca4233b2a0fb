/** The queue over a GPU's memory, on the host: transfers, ops without a kernel, and a device that is full. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostArray, NativeQueue } from '../../src/native/addon.js';
import { simtAddon } from '../helpers/simt-addon.js';

let queue: NativeQueue;
beforeEach(() => {
  queue = simtAddon().createQueue({ maximumPending: 64, device: 'cuda' });
});
afterEach(async () => {
  await queue.close();
  vi.unstubAllEnvs();
});

function upload(values: HostArray) {
  const buffer = queue.allocate(values.byteLength);
  queue.write(buffer, values);
  return buffer;
}

/** bf16 patterns of whole numbers that f32 holds exactly. */
const patterns = (count: number) => Uint16Array.from({ length: count }, (_, i) => 0x3f80 + (i % 128));
const decoded = (bits: Uint16Array) => new Float32Array(Uint32Array.from(bits, (pattern) => pattern << 16).buffer);

describe('transfers', () => {
  // Around the pinned blocks of 4 MiB that copies go through, and the 1 MiB up to which an array is copied at the call.
  it.each([0, 1, 2 ** 18 + 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 7])('keep %i floats', async (count) => {
    const values = Float32Array.from({ length: count }, (_, i) => i);
    const back = new Float32Array(count);
    await queue.read(upload(values), 0, back);
    expect(Buffer.compare(Buffer.from(back.buffer), Buffer.from(values.buffer))).toBe(0);
  });

  it('read a part of a buffer', async () => {
    const part = new Float32Array(2);
    await queue.read(upload(Float32Array.of(1, 2, 3, 4)), 4, part);
    expect(part).toEqual(Float32Array.of(2, 3));
  });
});

describe('ops', () => {
  it('run on device memory, in order', async () => {
    const bits = patterns(1000);
    const output = queue.allocate(4000);
    queue.run('cast', [upload(bits)], [output], [1000, 2], []);
    const values = new Float32Array(1000);
    await queue.read(output, 0, values);
    expect(values).toEqual(decoded(bits));
  });

  it('run on host arrays through twins in device memory, which go back to the pool', async () => {
    const bits = patterns(77);
    const values = new Float32Array(77);
    await queue.runHost('cast', [bits], [values], [77, 2], []);
    expect(values).toEqual(decoded(bits));
    expect(queue.memoryStats().liveBuffers).toBe(0);
    expect(() => queue.runHost('cast', [bits], [values], [76, 2], [])).toThrowError(/input 0 must hold 76/);
    expect(queue.memoryStats().liveBuffers).toBe(0);
  });

  it('poison what depends on one that a kernel refused, and nothing else', async () => {
    const [rows, vocab] = [2, 3];
    const logits = upload(new Float32Array(rows * vocab));
    const score = (targets: Int32Array) => {
      const logProbs = queue.allocate(rows * 4);
      queue.run('token_logprobs', [logits, upload(targets)], [logProbs, null, null], [rows, vocab, 0], []);
      return logProbs;
    };
    const good = score(Int32Array.of(0, 1));
    const bad = score(Int32Array.of(0, 3));
    const offsets = upload(BigInt64Array.of(0n, 2n));
    const sum = queue.allocate(8);
    queue.run('sequence_reduce', [bad, offsets], [sum, null], [1], []);
    await expect(queue.read(sum, 0, new Float64Array(1))).rejects.toMatchObject({
      code: 'OUT_OF_RANGE',
      index: 1,
      message: expect.stringMatching(/^token_logprobs: targets\[1\].*\(op token_logprobs, dims \[2, 3, 0\]\)/),
    });
    await expect(queue.read(bad, 0, new Float32Array(rows))).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
    const values = new Float32Array(rows);
    await queue.read(good, 0, values);
    expect(values[0]).toBeCloseTo(-Math.log(vocab), 6);
    queue.run('sequence_reduce', [good, offsets], [sum, null], [1], []);
    await queue.read(sum, 0, new Float64Array(1));
  });

  it('may be refused more often than there are words for it between two reads', async () => {
    const logits = upload(new Float32Array(4));
    const targets = upload(Int32Array.of(0, 9));
    const outputs = Array.from({ length: 150 }, () => {
      const logProbs = queue.allocate(8);
      queue.run('token_logprobs', [logits, targets], [logProbs, null, null], [2, 2, 0], []);
      return logProbs;
    });
    for (const output of [outputs[0]!, outputs[75]!, outputs[149]!]) {
      await expect(queue.read(output, 0, new Float32Array(2))).rejects.toMatchObject({
        code: 'OUT_OF_RANGE',
        index: 1,
      });
    }
  });
});

describe('a device that is full', () => {
  it('gives an error and stays usable; free blocks of other sizes are given back first', async () => {
    vi.stubEnv('POPE_SIMT_MEMORY', '1000000000');
    const large = queue.allocate(800e6);
    expect(() => queue.allocate(300e6)).toThrowError(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringMatching(/1 buffers with 800000000 bytes/),
      }),
    );
    large.dispose();
    queue.allocate(300e6);
    expect(queue.memoryStats().poolBytes).toBe(300e6);
    vi.stubEnv('POPE_SIMT_MEMORY', '0');
    const values = new Float32Array(10);
    const run = () => queue.runHost('cast', [patterns(10)], [values], [10, 2], []);
    expect(run).toThrowError(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    vi.unstubAllEnvs();
    await run();
    expect(values).toEqual(decoded(patterns(10)));
  });

  it('fails the op that has no room for what it computes in between, and no other', async () => {
    const hidden = upload(new Float32Array(4));
    const targets = upload(Int32Array.of(0));
    const outputs = [queue.allocate(4), queue.allocate(4), queue.allocate(4)];
    const score = () => queue.run('fused_head', [hidden, hidden, targets], outputs, [1, 4, 1], [1]);
    await queue.read(targets, 0, new Int32Array(1));
    vi.stubEnv('POPE_SIMT_MEMORY', '0');
    score();
    await expect(queue.read(outputs[0]!, 0, new Float32Array(1))).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    vi.unstubAllEnvs();
    score();
    const logProb = new Float32Array(1);
    await queue.read(outputs[0]!, 0, logProb);
    expect(logProb[0]).toBe(0);
  });
});
