/**
 * Question: what do log-probability and entropy of logits cost, beside the plain loop that a user would write and the time
 * that reading the logits takes? Run: node bench/token-log-probs.mjs [--json]
 */
import { tokenLogProbs } from 'pope-native/kernels';
import { expectClose, measure, report } from './measure.mjs';

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

/** Adds up the logits: what one thread of JavaScript needs to see them once, from memory. */
function read(logits) {
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += logits[i];
  return total;
}

for (const [rows, vocab] of [
  [512, 32000],
  [256, 128256],
]) {
  const logits = Float32Array.from({ length: rows * vocab }, (_, i) => 4 * Math.sin(i * 12.9898 + (i % 7)));
  const targets = Int32Array.from({ length: rows }, (_, row) => (row * 7919) % vocab);
  const input = { logits, dtype: 'f32', rows, vocab, targets, entropy: true };
  const expected = plain(input);
  const actual = await tokenLogProbs(input);
  expectClose('log-probabilities', actual.logProbs, expected.logProbs, 2e-5);
  expectClose('entropies', actual.entropies, expected.entropies, 2e-5);
  const rounds = await measure({
    'plain TypeScript': () => plain(input),
    'pope-native/kernels': () => tokenLogProbs(input),
    'sum of the logits in JavaScript': () => read(logits),
  });
  report(`log-probability and entropy, f32 [${rows}, ${vocab}]`, rounds);
}
