import type { Tensor } from '../tensor.js';
import { expectSameShape } from './check.js';

/** a + b, element by element: the residual connection. a, b and result f32 of one shape. Throws `UsageError`. */
export function add(a: Tensor<'f32'>, b: Tensor<'f32'>): Tensor<'f32'> {
  expectSameShape('add', 'a', a, 'b', b);
  const out = a.device.result('add', a.shape);
  a.device.run('add', [a, b], [out], [a.size]);
  a.device.tape?.add({
    outputs: [out],
    inputs: [a, b],
    saved: [],
    backward: ([dout], to) => {
      to.add(a, dout!);
      to.add(b, dout!);
    },
  });
  return out;
}
