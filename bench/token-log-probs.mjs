/**
 * Question: what do log-probability and entropy of logits and their gradient cost, beside the plain loop that a user would
 * write, beside numpy, torch and ONNX Runtime, and beside the time that reading the logits takes? Run: node bench/token-log-probs.mjs
 */
import { tokenLogProbs, tokenLogProbsGradient } from 'pope-native/kernels';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { importPeer } from './harness/optional.mjs';
import { openPython } from './harness/python.mjs';
import { threads } from './harness/threads.mjs';

function plain({ logits, rows, vocab, targets }) {
  const logProbs = new Float32Array(rows);
  const entropies = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * vocab;
    let top = -Infinity;
    for (let v = 0; v < vocab; v++) top = Math.max(top, logits[start + v]);
    let total = 0;
    let weighted = 0;
    for (let v = 0; v < vocab; v++) {
      const z = logits[start + v] - top;
      const e = Math.exp(z);
      total += e;
      weighted += e * z;
    }
    const logTotal = Math.log(total);
    logProbs[row] = logits[start + targets[row]] - top - logTotal;
    entropies[row] = logTotal - weighted / total;
  }
  return { logProbs, entropies };
}

/** By definition, in f64: g (1[v = target] - p) - h p (log p + entropy). */
function plainGradient({ logits, rows, vocab, targets }, { logProbs, entropies }, g, h) {
  const gradient = new Float32Array(rows * vocab);
  for (let row = 0; row < rows; row++) {
    const start = row * vocab;
    const logSumExp = logits[start + targets[row]] - logProbs[row];
    for (let v = 0; v < vocab; v++) {
      const logP = logits[start + v] - logSumExp;
      gradient[start + v] = -Math.exp(logP) * (g[row] + h[row] * (logP + entropies[row]));
    }
    gradient[start + targets[row]] += g[row];
  }
  return gradient;
}

const shapes = quick
  ? [[64, 32000]]
  : [
      [512, 32000],
      [256, 128256],
    ];
const floors = openFloors();
const numpy = await openPython('numpy', threads);
const torch = await openPython('torch', threads);
const onnx = (await importPeer('onnxruntime'))?.openOnnxRuntime(threads);
for (const [rows, vocab] of shapes) {
  const logits = Float32Array.from({ length: rows * vocab }, (_, i) => 4 * Math.sin(i * 12.9898 + (i % 7)));
  const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7919) % vocab);
  const input = { logits, dtype: 'f32', rows, vocab, targets, entropy: true };
  const expected = plain(input);
  const actual = await tokenLogProbs(input);
  expectClose('log-probabilities', actual.logProbs, expected.logProbs, 2e-5);
  expectClose('entropies', actual.entropies, expected.entropies, 2e-5);
  const onnxLogProbs = await onnx?.logProbs(input);
  if (onnxLogProbs) {
    expectClose("ONNX Runtime's log-probabilities", await onnxLogProbs(), expected.logProbs, 2e-5);
  }
  const where = `f32 [${rows}, ${vocab}], ${threads} thread${threads === 1 ? '' : 's'}`;
  const memory = 'memory: read the logits';
  report(
    `log-probability and entropy, ${where}`,
    await measure(
      {
        'plain JavaScript': () => plain(input),
        'pope-native/kernels': () => tokenLogProbs(input),
        numpy: numpy?.candidate('log_probs', rows, vocab),
        torch: torch?.candidate('torch_log_probs', rows, vocab),
        'ONNX Runtime, log-probability alone': onnxLogProbs,
        [memory]: floors?.read(4 * rows * vocab, threads),
      },
      { floor: memory },
    ),
  );

  const logProbGradient = Float32Array.from({ length: rows }, (_, row) => Math.cos(row));
  const entropyGradient = Float32Array.from({ length: rows }, (_, row) => 0.1 * Math.sin(row));
  const request = { ...input, logProbGradient, entropyGradient };
  const { logitsGradient } = await tokenLogProbsGradient(request);
  const expectedGradient = plainGradient(input, expected, logProbGradient, entropyGradient);
  expectClose('gradient', logitsGradient, expectedGradient, 1e-6);
  const known = { ...request, ...actual, logitsGradient };
  expectClose('gradient', (await tokenLogProbsGradient(known)).logitsGradient, expectedGradient, 2e-6);
  const copy = 'memory: copy the logits';
  report(
    `gradient with respect to the logits, ${where}`,
    await measure(
      {
        'plain JavaScript': () => plainGradient(input, expected, logProbGradient, entropyGradient),
        'pope-native/kernels': () => tokenLogProbsGradient(known),
        'pope-native/kernels, without the forward results': () => tokenLogProbsGradient({ ...request, logitsGradient }),
        'pope-native/kernels, new array': () => tokenLogProbsGradient(request),
        'torch, log-probability alone': torch?.candidate('torch_log_probs_gradient', rows, vocab),
        [copy]: floors?.copy(4 * rows * vocab, threads),
      },
      { floor: copy },
    ),
  );
}
numpy?.close();
torch?.close();
floors?.close();
