/**
 * Runs vectors.json through the native addon of this package: `node conformance/run.mjs [--cuda]`. Prints each failure
 * and ends with 1 when there is one. To try another implementation call `check(vectors, functions)`.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const special = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
const file = new URL('vectors.json', import.meta.url);

/** The vectors, with NaN and infinities as numbers. */
export function readVectors() {
  return JSON.parse(readFileSync(file, 'utf8'), (_, value) => special[value] ?? value).vectors;
}

/**
 * Failures as sentences. `functions` has one function for each of the C ABI: it takes the arguments of a vector and gives
 * the results by name, now or later, or throws an error with `code` and `index`.
 */
export async function check(vectors, functions) {
  const failures = [];
  for (const vector of vectors) {
    for (const failure of await checkOne(vector, functions)) {
      failures.push(`${vector.function}: ${vector.name}: ${failure}`);
    }
  }
  return failures;
}

async function checkOne({ function: name, arguments: given, results, status, index, tolerance }, functions) {
  let found;
  try {
    found = await functions[name](given);
  } catch (error) {
    return error.code === status && error.index === index ? [] : [`${error.code} at ${error.index}, ${error.message}`];
  }
  if (status) return [`should be refused as ${status}`];
  return Object.entries(results).flatMap(([result, expected]) => {
    const values = Array.from(found[result]);
    if (values.length !== expected.length) return [`${result} has ${values.length} elements, not ${expected.length}`];
    return values.flatMap((value, i) =>
      near(value, expected[i], tolerance) ? [] : [`${result}[${i}] is ${value}, expected ${expected[i]}`],
    );
  });
}

function near(value, wanted, { absolute, relative }) {
  if (!Number.isFinite(wanted)) return Object.is(value, wanted);
  return Math.abs(value - wanted) <= absolute + relative * Math.abs(wanted);
}

const names = {
  dtype: ['f32', 'f16', 'bf16'],
  level: ['response', 'slate', 'geometric'],
  transform: ['identity', 'clip', 'power', 'shrinkage', 'sub-gaussian'],
  estimator: ['slate', 'decomposed', 'bound'],
  form: ['expected', 'soft', 'gated'],
  reduction: ['sum', 'mean'],
};
const number = (name, value) => names[name].indexOf(value);
const f64 = (values) => values && Float64Array.from(values);

/** The functions of an addon: its ops of the same names (docs/native-ops.md), on a queue of a device. */
export function addonFunctions(queue) {
  const run = async (op, inputs, outputs, dims, scalars = []) => {
    const given = inputs.map((array) => array ?? null);
    await queue.runHost(op, given, Object.values(outputs), dims, scalars);
    return outputs;
  };
  const rows = (a) => {
    const Kind = a.dtype === 'f32' ? Float32Array : Uint16Array;
    const dims = [a.rows, a.vocab, number('dtype', a.dtype)];
    return { Kind, inputs: [Kind.from(a.logits), Int32Array.from(a.targets)], dims };
  };
  const slates = (a) => ({
    inputs: [
      ...[a.log_prob, a.logging_log_prob, a.reward, a.entropy].map(f64),
      Int32Array.from(a.slate_offsets),
    ].concat(f64(a.query_weight)),
    slates: a.slate_offsets.length - 1,
    responses: a.log_prob.length,
    choices: ['estimator', 'form', 'transform', 'reduction'].map((name) => number(name, a.objective[name])),
    scalars: [a.objective.lambda_cu, a.objective.lambda_div, a.objective.parameter],
  });
  return {
    token_logprobs(a) {
      const { inputs, dims } = rows(a);
      const [log_probs, entropies, log_sum_exp] = [0, 1, 2].map(() => new Float32Array(a.rows));
      return run('token_logprobs', inputs, { log_probs, entropies, log_sum_exp }, dims);
    },
    async token_logprobs_grad(a) {
      const { Kind, inputs, dims } = rows(a);
      const gradients = [a.log_prob_gradient, a.entropy_gradient].map((g) => g && Float32Array.from(g));
      const outputs = { logits_gradient: new Kind(a.logits.length) };
      const { logits_gradient } = await run('token_logprobs_grad', [...inputs, ...gradients], outputs, dims);
      return { logits_gradient: Array.from(logits_gradient, (value) => fromBits(value, a.dtype)) };
    },
    sequence_reduce(a) {
      const responses = a.offsets.length - 1;
      const inputs = [Float32Array.from(a.values), BigInt64Array.from(a.offsets, BigInt)];
      return run('sequence_reduce', inputs, { sums: new Float64Array(responses), means: new Float64Array(responses) }, [
        responses,
      ]);
    },
    weights(a) {
      const slateCount = a.slate_offsets.length - 1;
      const count = a.level === 'response' ? a.log_prob.length : slateCount;
      const [log_weights, weights, derivatives] = [0, 1, 2].map(() => new Float64Array(count));
      const inputs = [f64(a.log_prob), f64(a.logging_log_prob), Int32Array.from(a.slate_offsets)];
      const dims = [slateCount, number('level', a.level), number('transform', a.transform)];
      return run('weights', inputs, { log_weights, weights, derivatives }, dims, [a.parameter]);
    },
    slate_value(a) {
      const log = slates(a);
      const [contributions, utilities, diversities] = [0, 1, 2].map(() => new Float64Array(log.slates));
      const response_rewards = new Float64Array(log.responses);
      const outputs = { contributions, utilities, diversities, response_rewards, totals: new Float64Array(3) };
      return run('slate_value', log.inputs, outputs, [log.slates, ...log.choices], log.scalars);
    },
    slate_coefficients(a) {
      const log = slates(a);
      const entropy_coefficients = a.entropy ? new Float64Array(log.responses) : null;
      const outputs = { coefficients: new Float64Array(log.responses), entropy_coefficients };
      return run('slate_coefficients', log.inputs, outputs, [log.slates, ...log.choices, 0], [...log.scalars, 0]);
    },
  };
}

/** The number whose bits a uint16 of f16 or bf16 holds. */
function fromBits(bits, dtype) {
  if (dtype === 'f32') return bits;
  const [exponentBits, fractionBits] = dtype === 'f16' ? [5, 10] : [8, 7];
  const exponent = (bits >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const magnitude = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  return bits >> 15 ? -magnitude : magnitude;
}

async function main() {
  const { cuda } = parseArgs({ options: { cuda: { type: 'boolean' } } }).values;
  const { loadAddon } = await import('../lib/native/loader.js');
  const { loadCudaAddon } = await import('../lib/native/cuda.js');
  const queue = cuda
    ? loadCudaAddon().createQueue({ maximumPending: 8, device: 'cuda' })
    : loadAddon().createQueue({ maximumPending: 8 });
  const vectors = readVectors();
  const failures = await check(vectors, addonFunctions(queue));
  await queue.close();
  for (const failure of failures) console.log(failure);
  console.log(`${vectors.length} vectors through the addon: ${failures.length} failures`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

// Not awaited: what has a top-level await cannot be loaded with require().
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
