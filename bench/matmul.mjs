/**
 * Question: what does a product of matrices cost, beside numpy's BLAS and ONNX Runtime, and beside the machine's rate of multiply-adds? The own
 * kernel, and a BLAS library where one is found. Run: node bench/matmul.mjs
 */
import { Device } from '../dist/tensor/device.js';
import { matmul } from '../dist/tensor/ops/index.js';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { importPeer } from './harness/optional.mjs';
import { openPython } from './harness/python.mjs';
import { threads } from './harness/threads.mjs';

const shapes = quick
  ? [[256, 256, 256]]
  : [
      [1024, 1024, 1024],
      [256, 2048, 8192],
      [1, 2048, 8192],
    ];

/** Rows 0 and m - 1 of a b, in f64. */
function plainRows(a, b, [m, k, n]) {
  return [0, m - 1].flatMap((row) => {
    const sums = new Float64Array(n);
    for (let i = 0; i < k; i++) {
      for (let column = 0; column < n; column++) sums[column] += a[row * k + i] * b[i * n + column];
    }
    return [...sums];
  });
}

const device = Device.open('cpu');
const floors = openFloors();
// Read in turn, after whatever was enqueued before.
const last = device.tensor(new Float32Array(1), [1]);
const peers = {
  numpy: await openPython('numpy', threads),
  // A BLAS library older than the processor takes kernels of an older one unless it is told.
  'numpy, OPENBLAS_CORETYPE=SKYLAKEX': await openPython('numpy', threads, { OPENBLAS_CORETYPE: 'SKYLAKEX' }),
};
const onnx = (await importPeer('onnxruntime'))?.openOnnxRuntime(threads);
for (const shape of shapes) {
  const [m, k, n] = shape;
  const values = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed));
  const host = { a: values(m * k, 1), b: values(k * n, 2) };
  const a = device.tensor(host.a, [m, k]);
  const b = device.tensor(host.b, [k, n]);
  const multiply = async () => {
    const product = matmul(a, b);
    await device.ready();
    return product;
  };
  const product = await multiply();
  const actual = await product.read();
  product.dispose();
  const ends = (whole) => [...whole.subarray(0, n), ...whole.subarray((m - 1) * n)];
  const expected = plainRows(host.a, host.b, shape);
  expectClose('rows of the product', ends(actual), expected, 1e-4 * Math.sqrt(k));
  const onnxMatmul = await onnx?.matmul(host.a, host.b, shape);
  if (onnxMatmul)
    expectClose("rows of ONNX Runtime's product", ends(await onnxMatmul()), expected, 1e-4 * Math.sqrt(k));
  const floor = 'multiply-adds on registers';
  report(
    `product f32 [${m}, ${k}] x [${k}, ${n}], ${threads} thread${threads === 1 ? '' : 's'}`,
    await measure(
      {
        ...Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, peer?.candidate('matmul', m, k, n)])),
        'ONNX Runtime': onnxMatmul,
        'pope-native': async () => {
          const result = await multiply();
          await last.read();
          result.dispose();
        },
        'pope-native, copied into an array': async () => {
          const result = await multiply();
          await result.read();
          result.dispose();
        },
        [floor]: floors?.multiplyAdd(2 * m * k * n, threads),
      },
      { floor },
    ),
  );
  a.dispose();
  b.dispose();
}
await device.close();
for (const peer of Object.values(peers)) peer?.close();
floors?.close();
