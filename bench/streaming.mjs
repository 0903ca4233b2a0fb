/**
 * Question: what memory and processor time does an evaluation take, from log and score files, as logs grow? `pope evaluate` as a user
 * runs it, in a process of its own, on generated logs of ten tiny responses a query. The largest log, of ten million responses, has
 * 2.2 GB of files (in TMPDIR) and takes minutes. Run: node bench/streaming.mjs [--quick] [--json]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportGrowth } from './harness/growth.mjs';
import { writeLargeLog } from './harness/large-log.mjs';
import { expectClose, quick } from './harness/measure.mjs';

const slate = 10;
const sizes = quick ? [1e4, 1e5] : [1e5, 1e6, 1e7];
const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const usageOf = fileURLToPath(new URL('harness/usage.mjs', import.meta.url));

/** The mean of sum_k h(rho) (r - log pi), the decomposed value under clip:10, from the first queries of the files. */
function plainValue({ log, target, logging }) {
  const linesOf = (path) => readFileSync(path, 'utf8').trim().split('\n').map(JSON.parse);
  const [slates, targets, loggings] = [log, target, logging].map(linesOf);
  let total = 0;
  for (const [i, { responses }] of slates.entries()) {
    const votes = responses.reduce((sum, { signal }) => sum + signal, 0);
    for (const [k, { signal }] of responses.entries()) {
      const [l, l0] = [targets, loggings].map((scores) => scores[i * slate + k].logprob);
      total += Math.min(10, Math.exp(l - l0)) * ((votes > 0 ? signal / votes : 1 / slate) - l);
    }
  }
  return total / slates.length;
}

const folder = mkdtempSync(join(tmpdir(), 'pope-bench-'));
const usage = join(folder, 'usage.json');
const points = [];
try {
  for (const responses of sizes) {
    const paths = await writeLargeLog(folder, responses / slate, slate);
    const scores = ['--target', paths.target, '--logging', paths.logging];
    const printed = execFileSync(
      process.execPath,
      ['--import', usageOf, command, 'evaluate', paths.log, ...scores, '--json'],
      { encoding: 'utf8', env: { ...process.env, POPE_BENCH_USAGE: usage }, maxBuffer: 2 ** 26 },
    );
    const { estimates } = JSON.parse(printed);
    const { value } = estimates.find((row) => row.estimator === 'decomposed' && row.normalise === 'none');
    if (responses === sizes[0]) expectClose('decomposed value', [value], [plainValue(paths)], 1e-9);
    const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(usage, 'utf8'));
    points.push({ size: responses, megabytes: (maxRSS * 1024) / 1e6, seconds: (userCPUTime + systemCPUTime) / 1e6 });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
reportGrowth('evaluate from files: peak resident memory, processor time', 'responses', points);
