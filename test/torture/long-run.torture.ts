/** Loading, scoring, generating, training and giving back, for an hour: memory, descriptors and threads stay what they are. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finished, startNode } from '../cli/run-cli.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { scratchFolder } from './scratch.js';

const SECONDS = process.env.POPE_TORTURE_QUICK === '1' ? 30 : 3600;
const MEBIBYTE = 2 ** 20;

interface Sample {
  seconds: number;
  cycles: number;
  residentBytes: number;
  heapBytes: number;
  threads: number;
  descriptors: number;
  handles: number;
}

const folder = scratchFolder();
const child = join(import.meta.dirname, 'long-run.child.mjs');

/** Least squares: change of a figure per cycle. */
function slope(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean(({ cycles }) => cycles), mean(figure)];
  const squares = samples.reduce((sum, { cycles }) => sum + (cycles - x) ** 2, 0);
  return samples.reduce((sum, each) => sum + (each.cycles - x) * (figure(each) - y), 0) / squares;
}

it.runIf(process.platform === 'linux')('a long run holds no more at its end than after its beginning', async () => {
  const { code, stdout, stderr } = await finished(
    startNode(['--expose-gc', child, await tinyModel(), folder, `${SECONDS}`]),
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const samples = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);
  // The first third warms up: code is compiled, pools fill.
  const settled = samples.slice(Math.ceil(samples.length / 3));
  const [first, last] = [settled[0]!, settled.at(-1)!];
  const perCycle = { resident: slope(settled, (s) => s.residentBytes), heap: slope(settled, (s) => s.heapBytes) };
  const cycles = last.cycles - first.cycles;
  console.log(
    `long run: ${last.cycles} cycles in ${Math.round(last.seconds)} s; over the last ${cycles}: resident ${(perCycle.resident / 1024).toFixed(2)} KiB a cycle ` +
      `(${((perCycle.resident * cycles) / MEBIBYTE).toFixed(1)} of ${Math.round(last.residentBytes / MEBIBYTE)} MiB), heap ${(perCycle.heap / 1024).toFixed(2)} KiB a cycle; ` +
      `${last.threads} threads, ${last.descriptors} descriptors, ${last.handles} handles`,
  );
  for (const { threads, descriptors, handles } of settled) {
    expect({ threads, descriptors, handles }).toEqual({
      threads: first.threads,
      descriptors: first.descriptors,
      handles: first.handles,
    });
  }
  // Pages come and go with garbage collections; what a leak would add does not.
  expect(perCycle.resident * cycles).toBeLessThan(24 * MEBIBYTE);
  expect(perCycle.heap * cycles).toBeLessThan(4 * MEBIBYTE);
});
