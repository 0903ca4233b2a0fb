import { InferenceSession, Tensor } from 'onnxruntime-node';
import { logProbsModel, matmulModel } from './onnx.mjs';

/** The kernels of ONNX Runtime on a processor; what is multiplied comes as inputs, so that nothing is laid out before the call. */
export function openOnnxRuntime(threads) {
  const open = (bytes) =>
    InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Threads that wait by spinning would take processor time from whatever is measured next.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  return {
    /** Runs a b on f32 [m, k] and [k, n]; resolves to the result. */
    async matmul(a, b, [m, k, n]) {
      const session = await open(matmulModel(m, k, n));
      const inputs = { a: new Tensor('float32', a, [m, k]), b: new Tensor('float32', b, [k, n]) };
      return async () => (await session.run(inputs)).c.data;
    },
    /** Runs log-softmax and takes the targets' log-probabilities; resolves to them. */
    async logProbs({ logits, rows, vocab, targets }) {
      const session = await open(logProbsModel(rows, vocab));
      const chosen = new Tensor('int64', BigInt64Array.from(targets, BigInt), [rows, 1]);
      const inputs = { logits: new Tensor('float32', logits, [rows, vocab]), targets: chosen };
      return async () => (await session.run(inputs)).logProbs.data;
    },
  };
}
