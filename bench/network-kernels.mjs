/**
 * Question: what do the kernels of a network beside its products cost, forward and backward, at the shapes of Llama-3.2-1B, beside torch
 * and beside what they take at least: multiply-adds, or reading what they read and writing what they write?
 * Run: node bench/network-kernels.mjs [--quick] [--json]
 */
import { fileURLToPath } from 'node:url';
import { loadAddon, loadBinary } from '../dist/native/loader.js';
import { Device } from '../dist/tensor/device.js';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { openPython } from './harness/python.mjs';
import { threads } from './harness/threads.mjs';

/** The ops in double over their slow, obvious templates (docs/native-ops.md). */
const reference = loadBinary(fileURLToPath(new URL('../build/Release/pope_reference.node', import.meta.url)));
const device = Device.open('cpu');
const floors = openFloors();
const torch = await openPython('torch', threads);

const values = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed));
/** Logits of a head with such weights spread like a model's. */
const weights = (rows, width) => values(rows * width, 3).map((x) => (x * 3) / Math.sqrt(width));

/**
 * Ops with what they are given and give, as docs/native-ops.md has it: sizes of outputs that are written, arrays that are added to.
 * `least` is the floor, as f32 multiply-adds or as elements read and written; `peer` the sizes for torch_kernels.py.
 */
function attention(rows, heads = 32, keyValueHeads = 8, head = 64) {
  const [q, k, v, dout] = [heads, keyValueHeads, keyValueHeads, heads].map((count, i) =>
    values(rows * count * head, i),
  );
  const segments = Int32Array.of(0, rows, 0, 0);
  const dims = [rows, heads, keyValueHeads, head, 1];
  const scalars = [head ** -0.5];
  const out = new Float32Array(q.length);
  const logSumExp = new Float32Array(heads * rows);
  loadAddon().runSync('attention', [q, k, v, segments], [out, logSumExp], dims, scalars);
  const flops = 4 * heads * head * ((rows * (rows + 1)) / 2);
  const common = { dims, scalars, peer: [rows, heads, keyValueHeads, head] };
  const backward = { inputs: [q, k, v, out, dout, segments, logSumExp], outputs: [q.length, k.length, v.length] };
  return [
    { op: 'attention', ...common, inputs: [q, k, v, segments], outputs: [q.length, heads * rows], least: { flops } },
    { op: 'attention_backward', ...common, ...backward, least: { flops: 2.5 * flops } },
  ];
}

function norms(rows, width = 2048) {
  const [x, weight, bias, dy] = [rows * width, width, width, rows * width].map(values);
  const n = x.length;
  const added = () => new Float32Array(width);
  const common = { dims: [rows, width], scalars: [1e-5], peer: [rows, width] };
  const forward = { ...common, outputs: [n], least: { elements: 2 * n } };
  const backward = { ...common, inputs: [x, weight, dy], least: { elements: 3 * n } };
  return [
    { op: 'rms_norm', ...forward, inputs: [x, weight] },
    { op: 'rms_norm_backward', ...backward, outputs: [n, added()] },
    { op: 'layer_norm', ...forward, inputs: [x, weight, bias] },
    { op: 'layer_norm_backward', ...backward, outputs: [n, added(), added()] },
  ];
}

function swiglu(rows, width = 8192) {
  const [gate, up, dy] = [1, 2, 3].map((seed) => values(rows * width, seed));
  const n = gate.length;
  const common = { dims: [n], peer: [rows, width] };
  return [
    { op: 'swiglu', ...common, inputs: [gate, up], outputs: [n], least: { elements: 3 * n } },
    { op: 'swiglu_backward', ...common, inputs: [gate, up, dy], outputs: [n, n], least: { elements: 5 * n } },
  ];
}

function head(rows, width = 2048, vocab = quick ? 4096 : 32000) {
  const hidden = values(rows * width, 1);
  const weight = weights(vocab, width);
  const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7919) % vocab);
  const [logProbs, entropies, logSumExp, gradient] = [1, 2, 3, 4].map((seed) => values(rows, seed));
  const dims = [rows, width, vocab];
  const scalars = [1];
  const common = { dims, scalars, peer: dims };
  loadAddon().runSync('fused_head', [hidden, weight, targets], [logProbs, entropies, logSumExp], dims, scalars);
  const inputs = [hidden, weight, targets, logSumExp, entropies, gradient, null];
  const outputs = [hidden.length, new Float32Array(weight.length)];
  const flops = 2 * rows * width * vocab;
  return [
    { op: 'fused_head', ...common, inputs: [hidden, weight, targets], outputs: [rows, rows, rows], least: { flops } },
    { op: 'fused_head_backward', ...common, inputs, outputs, least: { flops: 3 * flops } },
  ];
}

function adamw(count) {
  const outputs = [1, 2, 3].map((seed) => values(count, seed).map(Math.abs));
  const call = { inputs: [Float64Array.of(1), values(count, 4)], outputs: [...outputs, new Int32Array(1)] };
  const scalars = [1e-3, 0.9, 0.999, 1e-8, 0.01, 1, 0, 1];
  return [{ op: 'adamw', ...call, dims: [count], scalars, peer: [count], least: { elements: 7 * count } }];
}

/** Holds the kernel against the reference. */
function check({ op, inputs, outputs, dims, scalars = [] }) {
  const double = (array) => (array instanceof Float32Array ? Float64Array.from(array) : (array?.slice() ?? null));
  const given = outputs.map((output) => (typeof output === 'number' ? new Float32Array(output) : output.slice()));
  const expected = given.map(double);
  loadAddon().runSync(op, inputs, given, dims, scalars);
  reference.runSync(op, inputs.map(double), expected, dims, scalars);
  for (const [i, array] of given.entries()) expectClose(`${op}: output ${i}`, array, expected[i], 1e-3);
}

async function time({ op, inputs, outputs, dims, scalars = [], peer, least }) {
  const upload = (array) => {
    if (array === null) return null;
    const dtype = { Float32Array: 'f32', Float64Array: 'f64', Int32Array: 'i32' }[array.constructor.name];
    return device.tensor(array, [array.length], dtype);
  };
  const given = inputs.map(upload);
  const results = outputs.map((output) => upload(typeof output === 'number' ? new Float32Array(output) : output));
  const done = device.tensor([0], [1]);
  const floor = least.flops ? 'multiply-adds' : 'memory: read and written once';
  // A copy of so many bytes reads and writes twice as many.
  const lowest = least.flops ? floors?.multiplyAdd(least.flops, threads) : floors?.copy(2 * least.elements, threads);
  report(
    `${op} ${peer.join(' x ')}, ${threads} thread${threads === 1 ? '' : 's'}`,
    await measure(
      {
        torch: torch?.candidate('torch_kernel', op, ...peer),
        'pope-native': async () => {
          device.run(op, given, results, dims, scalars);
          await done.read(); // comes after what was enqueued before
        },
        [floor]: lowest,
      },
      { floor },
    ),
  );
  for (const tensor of [...given, ...results, done]) tensor?.dispose();
}

const rooms = [
  [attention, 1024],
  [norms, 1024],
  [swiglu, 512],
  [head, 256],
  [adamw, 10e6],
];
for (const [room, size] of rooms) {
  for (const kernel of room(room === adamw ? 1000 : 17)) check(kernel);
  for (const kernel of room(quick ? Math.ceil(size / 16) : size)) await time(kernel);
}
await device.close();
torch?.close();
floors?.close();
