import { codeOf, type ProductType } from '../products.js';
import type { Tensor } from '../tensor.js';
import { expectSameShape } from './check.js';

/**
 * gate / (1 + e^-gate) * up, element by element (Shazeer 2020). gate, up and result f32 of one shape. Throws `UsageError`.
 *
 * @param dtype of the result, for `device.factorType`
 */
export function swiglu<D extends ProductType = 'f32'>(
  gate: Tensor<'f32'>,
  up: Tensor<'f32'>,
  dtype: D = 'f32' as D,
): Tensor<D> {
  expectSameShape('swiglu', 'gate', gate, 'up', up);
  const { device } = gate;
  const out = device.result('swiglu', gate.shape, dtype);
  device.run('swiglu', [gate, up], [out], [gate.size, codeOf(dtype)]);
  device.tape?.add({
    outputs: [out as Tensor<'f32'>], // factorType is f32 on a tape
    inputs: [gate, up],
    saved: [gate, up],
    backward: ([dout], to) => {
      const like = ({ shape }: Tensor) => device.result('swiglu backward', shape);
      const [dgate, dup] = [like(gate), like(up)];
      device.run('swiglu_backward', [gate, up, dout!], [dgate, dup], [gate.size]);
      to.add(gate, dgate);
      to.add(up, dup);
    },
  });
  return out;
}
