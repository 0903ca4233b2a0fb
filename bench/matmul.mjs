/**
 * Question: what does a product of matrices cost, in f32 and with factors of bf16, beside numpy's BLAS, ONNX Runtime and torch, and
 * beside the machine's rate of multiply-adds? The own kernel, and a BLAS library where one is found. Run: node bench/matmul.mjs
 */
import { Device } from '../dist/tensor/device.js';
import { matmul } from '../dist/tensor/ops/index.js';
import { narrow } from '../dist/tensor/ops/narrow.js';
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
const FLOOR = 'multiply-adds on registers';
const title = (dtype, [m, k, n]) =>
  `product ${dtype} [${m}, ${k}] x [${k}, ${n}], ${threads} thread${threads === 1 ? '' : 's'}`;

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

const ends = (whole, [m, , n]) => [...whole.subarray(0, n), ...whole.subarray((m - 1) * n)];

/** A product on a device of its own, checked: candidates for `measure`, and what to call when they are done. */
async function openProduct(dtype, shape, host, expected) {
  const [m, k, n] = shape;
  const device = Device.open('cpu', { products: dtype });
  // Read in turn, after whatever was enqueued before.
  const last = device.tensor(new Float32Array(1), [1]);
  const a = device.tensor(host.a, [m, k]);
  const b = device.tensor(host.b, [k, n]);
  device.products.keepCopyOf(b); // as the weights of a model
  const factor = dtype === 'bf16' ? narrow(a) : a;
  const run = async (read) => {
    const product = matmul(factor, b);
    await device.ready();
    const values = await read(product);
    product.dispose();
    return values;
  };
  // Rounding moves a factor by up to 2^-9 of its value.
  const tolerance = Math.sqrt(k) * (dtype === 'bf16' ? 2 ** -7 : 1e-4);
  expectClose(
    `rows of the product in ${dtype}`,
    ends(await run((product) => product.read()), shape),
    expected,
    tolerance,
  );
  return {
    multiply: () => run(() => last.read()),
    multiplyAndRead: () => run((product) => product.read()),
    close: () => device.close(),
  };
}

const floors = openFloors();
const peers = {
  numpy: await openPython('numpy', threads),
  // A BLAS library older than the processor takes kernels of an older one unless it is told.
  'numpy, OPENBLAS_CORETYPE=SKYLAKEX': await openPython('numpy', threads, { OPENBLAS_CORETYPE: 'SKYLAKEX' }),
};
const torch = await openPython('torch', threads);
const onnx = (await importPeer('onnxruntime'))?.openOnnxRuntime(threads);
for (const shape of shapes) {
  const [m, k, n] = shape;
  const values = (count, seed) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed));
  const host = { a: values(m * k, 1), b: values(k * n, 2) };
  const expected = plainRows(host.a, host.b, shape);
  const onnxMatmul = await onnx?.matmul(host.a, host.b, shape);
  if (onnxMatmul)
    expectClose("rows of ONNX Runtime's product", ends(await onnxMatmul(), shape), expected, 1e-4 * Math.sqrt(k));
  const f32 = await openProduct('f32', shape, host, expected);
  const bf16 = await openProduct('bf16', shape, host, expected);
  report(
    title('f32', shape),
    await measure(
      {
        ...Object.fromEntries(Object.entries(peers).map(([name, peer]) => [name, peer?.candidate('matmul', m, k, n)])),
        'ONNX Runtime': onnxMatmul,
        'pope-native': f32.multiply,
        'pope-native, copied into an array': f32.multiplyAndRead,
        [FLOOR]: floors?.multiplyAdd(2 * m * k * n, threads),
      },
      { floor: FLOOR },
    ),
  );
  report(
    title('bf16', shape),
    await measure(
      {
        'torch, result in bf16': torch?.candidate('torch_matmul_bf16', m, k, n),
        'pope-native, result in f32': bf16.multiply,
        'pope-native, f32 throughout': f32.multiply,
        [FLOOR]: floors?.multiplyAddBf16(2 * m * k * n, threads),
      },
      { floor: FLOOR },
    ),
  );
  await Promise.all([f32.close(), bf16.close()]);
}
for (const peer of [...Object.values(peers), torch]) peer?.close();
floors?.close();
