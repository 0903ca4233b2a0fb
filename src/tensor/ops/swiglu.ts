import type { Tensor } from '../tensor.js';
import { expectSameShape } from './check.js';

/**
 * gate / (1 + e^-gate) * up, element by element (Shazeer 2020). gate, up and result f32 of one shape. Throws `UsageError`.
 */
export function swiglu(gate: Tensor<'f32'>, up: Tensor<'f32'>): Tensor<'f32'> {
  expectSameShape('swiglu', 'gate', gate, 'up', up);
  const { device } = gate;
  const out = device.result('swiglu', gate.shape);
  device.run('swiglu', [gate, up], [out], [gate.size]);
  device.tape?.add({
    outputs: [out],
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
