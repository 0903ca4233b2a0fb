import type { Tensor } from '../tensor.js';
import { expectSameShape } from './check.js';

/**
 * gate / (1 + e^-gate) * up, element by element (Shazeer 2020). gate, up and result f32 of one shape. Throws `UsageError`.
 */
export function swiglu(gate: Tensor<'f32'>, up: Tensor<'f32'>): Tensor<'f32'> {
  expectSameShape('swiglu', 'gate', gate, 'up', up);
  const out = gate.device.empty(gate.shape);
  gate.device.run('swiglu', [gate, up], [out], [gate.size]);
  return out;
}
