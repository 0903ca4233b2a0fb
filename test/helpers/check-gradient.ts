/**
 * Holds a backward op against differences of its forward op, both in double by the reference addon: the loss
 * sum_o sum_i c_o[i] output_o[i] with fixed random c is differenced centrally in every element of every input that has a
 * gradient.
 */
import type { HostArray } from '../../src/native/addon.js';
import { randomNumbers } from './check-op.js';
import { finiteDifferences } from './finite-differences.js';
import { referenceAddon } from './reference-addon.js';
import { expectClose } from './tolerance.js';

export interface GradientCase {
  forward: {
    op: string;
    /** `number[]` is an array of the op's float type. */
    inputs: (number[] | HostArray | null)[];
    /** Sizes; all outputs are of the op's float type. */
    outputs: number[];
    /** How many outputs, from the first, the loss sees; all unless given. The others are aids of the backward op. */
    differentiable?: number;
    dims: number[];
    scalars?: number[];
  };
  backward: {
    op: string;
    /** What the backward op reads, from the forward op's inputs and outputs and the gradients of the outputs, c. */
    inputs: (inputs: readonly (HostArray | null)[], outputs: Float64Array[], c: Float64Array[]) => (HostArray | null)[];
    /** Those of the forward op unless given. */
    dims?: number[];
    /** Of which of the forward op's inputs each output is the gradient. */
    gradients: number[];
  };
}

/** The differences are good to 1e-10 or so, far below the tolerance; the gradients' magnitude is about 1. */
const tolerance = { atol: 1e-8, rtol: 1e-6 };

export function checkGradient({ forward, backward }: GradientCase): void {
  const scalars = forward.scalars ?? [];
  const inputs = forward.inputs.map((input) => (Array.isArray(input) ? Float64Array.from(input) : input));
  const run = (values: readonly (HostArray | null)[]) => {
    const outputs = forward.outputs.map((size) => new Float64Array(size));
    referenceAddon().runSync(forward.op, values, outputs, forward.dims, scalars);
    return outputs;
  };
  const differentiable = forward.differentiable ?? forward.outputs.length;
  const c = forward.outputs.map((size, o) =>
    o < differentiable ? Float64Array.from(randomNumbers(size, 100 + o)) : new Float64Array(size),
  );
  const loss = (values: readonly (HostArray | null)[]) =>
    run(values).reduce((sum, output, o) => output.reduce((part, value, i) => part + c[o]![i]! * value, sum), 0);

  const gradients = backward.gradients.map((index) => new Float64Array(inputs[index]!.length));
  const backwardInputs = backward.inputs(inputs, run(inputs), c);
  referenceAddon().runSync(backward.op, backwardInputs, gradients, backward.dims ?? forward.dims, scalars);

  backward.gradients.forEach((index, g) => {
    const differenced = finiteDifferences((x) => loss(inputs.with(index, x)), inputs[index] as Float64Array);
    expectClose(gradients[g]!, differenced, tolerance, `${backward.op}: gradient of input ${index}`);
  });
}
