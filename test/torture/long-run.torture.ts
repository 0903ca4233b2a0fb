/** Loading, scoring, generating, training and giving back, for an hour: memory, descriptors and threads stay what they are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { studentTQuantile } from '../../src/estimators/special-functions.js';
import { finished, startNode } from '../cli/run-cli.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { reportTorture } from '../helpers/torture.js';
import { scratchFolder } from './scratch.js';

const IS_QUICK = process.env.POPE_TORTURE_QUICK === '1';
const SECONDS = IS_QUICK ? 30 : 3600;
/** How many of a kind may come when half a minute is half over: some are opened once, when they are first needed. */
const LATE = IS_QUICK ? 2 : 0;
const MEBIBYTE = 2 ** 20;
/**
 * glibc gives back what is freed, as far as it can. Else each time that other programs hold up its threads a process takes what is in
 * flight then, some ten MiB, and keeps it.
 */
const GIVE_BACK = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };

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

interface Slope {
  perCycle: number;
  /** Half the width of its 95 % interval. */
  margin: number;
}

/**
 * Least squares: change of a figure per cycle. What a process holds goes up and down over several samples, with arrays that wait
 * for a garbage collection, so the line is laid through the least of each of ten stretches of time.
 */
function slope(samples: readonly Sample[], figure: (sample: Sample) => number): Slope {
  const stretches = Math.min(10, samples.length);
  const points = Array.from({ length: stretches }, (_, i) => {
    const part = samples.slice((i * samples.length) / stretches, ((i + 1) * samples.length) / stretches);
    return { x: meanOf(part.map(({ cycles }) => cycles)), y: Math.min(...part.map(figure)) };
  });
  const [x, y] = [meanOf(points.map((point) => point.x)), meanOf(points.map((point) => point.y))];
  const squares = sum(points.map((point) => (point.x - x) ** 2));
  const perCycle = sum(points.map((point) => (point.x - x) * (point.y - y))) / squares;
  const residuals = sum(points.map((point) => (point.y - y - perCycle * (point.x - x)) ** 2));
  const freedom = stretches - 2;
  return { perCycle, margin: studentTQuantile(0.975, freedom) * Math.sqrt(residuals / freedom / squares) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const meanOf = (values: readonly number[]) => sum(values) / values.length;

it.runIf(process.platform === 'linux')('a long run holds no more at its end than after its beginning', async () => {
  const { code, stdout, stderr } = await finished(
    startNode(['--expose-gc', child, await tinyModel(), folder, `${SECONDS}`], { environment: GIVE_BACK }),
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const samples = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample);
  const file = process.env.POPE_TORTURE_SAMPLES;
  if (file !== undefined) writeFileSync(file, stdout);
  // The first half warms up: code is compiled, pools fill.
  const settled = samples.slice(Math.floor(samples.length / 2));
  const [first, last] = [settled[0]!, settled.at(-1)!];
  const cycles = last.cycles - first.cycles;
  const told = ({ perCycle, margin }: Slope) =>
    `${(perCycle / 1024).toFixed(2)} +- ${(margin / 1024).toFixed(2)} KiB a cycle (${((perCycle * cycles) / MEBIBYTE).toFixed(1)} MiB)`;
  const resident = slope(settled, (s) => s.residentBytes);
  const heap = slope(settled, (s) => s.heapBytes);
  reportTorture(
    `long run: ${last.cycles} cycles in ${Math.round(last.seconds)} s; over the last ${cycles}: resident ${told(resident)} of ` +
      `${Math.round(last.residentBytes / MEBIBYTE)} MiB, heap ${told(heap)} of ${Math.round(last.heapBytes / MEBIBYTE)} MiB; ` +
      `${last.threads} threads, ${last.descriptors} descriptors, ${last.handles} handles`,
  );
  for (const held of ['threads', 'descriptors', 'handles'] as const) {
    const counts = settled.map((sample) => sample[held]);
    expect(Math.max(...counts) - Math.min(...counts), held).toBeLessThanOrEqual(LATE);
  }
  // Pages come and go with garbage collections; what a leak would add does not.
  expect(resident.perCycle * cycles).toBeLessThan(24 * MEBIBYTE);
  expect(heap.perCycle * cycles).toBeLessThan(4 * MEBIBYTE);
});
