import type { Checkpoint, StoredTensor } from './checkpoint.js';
import type { ModelConfig } from './config.js';

const HEAD = 'lm_head.weight';
const EMBEDDING = /(^|\.)(wte|embed_tokens)\.weight$/;
const BLOCK_BYTES = 8 * 2 ** 20;

/**
 * The config, untied where the checkpoint holds a head of its own although config.json ties it to the embedding. As the published
 * library does since its version 5: the weights are right and config.json is not.
 *
 * @throws DataError `TENSOR_SHAPE` or `TENSOR_DTYPE`
 */
export async function withStoredHead<C extends ModelConfig>(config: C, checkpoint: Checkpoint): Promise<C> {
  const embedding = checkpoint.names.find((name) => EMBEDDING.test(name));
  if (!config.tied || embedding === undefined || !checkpoint.has(HEAD)) return config;
  const shape = [config.vocabulary, config.width];
  const tied = await sameBytes(checkpoint.tensor(HEAD, shape), checkpoint.tensor(embedding, shape));
  return { ...config, tied };
}

/** Whether two tensors of one shape are stored alike. */
async function sameBytes(a: StoredTensor, b: StoredTensor): Promise<boolean> {
  if (a.dtype !== b.dtype) return false;
  const size = a.shape.reduce((product, extent) => product * extent, a.dtype === 'F32' ? 4 : 2);
  for (let offset = 0; offset < size; offset += BLOCK_BYTES) {
    const [left, right] = [0, 1].map(() => Buffer.alloc(Math.min(BLOCK_BYTES, size - offset))) as [Buffer, Buffer];
    await Promise.all([a.read(offset, left), b.read(offset, right)]);
    if (!left.equals(right)) return false;
  }
  return true;
}
