/**
 * Timing for the benchmarks of this folder. Each benchmark first checks that what it times is right, then measures
 * candidates in turn, round after round, so that whatever else the machine does hits all of them alike; medians and ratios
 * of one run are what counts, not milliseconds of another day.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { threads } from './threads.mjs';

/** Whether little time is to be spent: to see that a benchmark runs, or a rough figure. */
export const quick = process.argv.includes('--quick');

/**
 * Milliseconds before each turn where several threads work: those of OpenMP and ONNX Runtime go on spinning for up to 200 after
 * their work is done, and would take the processors from whoever comes next.
 */
const REST = threads > 1 ? 250 : 0;

/**
 * @param {Record<string, (() => unknown) | null | undefined>} candidates what to time, by name, the missing ones left out;
 *   the first is the yardstick. One that resolves to `{ ms }` was timed by its own clock.
 * @param {{ rounds?: number, floor?: string }} options rounds after one warm-up round (default 9, with --quick 3); the
 *   candidate that is the least that the work can take
 * @returns {Promise<{ name: string, median: number, least: number, most: number, ratio: number, overFloor?: number }[]>}
 *   milliseconds, the yardstick's median over this one's (above 1: faster than the yardstick), and this median over the floor's
 */
export async function measure(candidates, { rounds = quick ? 3 : 9, floor } = {}) {
  const present = Object.entries(candidates).filter(([, run]) => run);
  const times = Object.fromEntries(present.map(([name]) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of present) {
      if (REST > 0) await pause(REST);
      const start = performance.now();
      const own = (await run())?.ms;
      if (round >= 0) times[name].push(own ?? performance.now() - start);
    }
  }
  const rows = Object.entries(times).map(([name, list]) => ({ name, ...spread(list) }));
  const lowest = rows.find(({ name }) => name === floor)?.median;
  return rows.map((row) => ({
    ...row,
    ratio: rows[0].median / row.median,
    ...(lowest && { overFloor: row.median / lowest }),
  }));
}

/** Median, least and most of some times. */
export function spread(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted.at(-1) };
}

/** Prints a table for people, or one JSON object with `--json`. */
export function report(title, rows) {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ title, rows }));
    return;
  }
  console.log(`\n${title}`);
  console.table(
    Object.fromEntries(
      rows.map(({ name, median, least, most, ratio, overFloor, above, megabytes }) => [
        name,
        {
          'median ms': +median.toFixed(2),
          least: +least.toFixed(2),
          most: +most.toFixed(2),
          'x faster': +ratio.toFixed(2),
          ...(overFloor && { 'x floor': +overFloor.toFixed(2) }),
          ...(above !== undefined && { 'ms above': +above.toFixed(1), 'MB above': +megabytes.toFixed(1) }),
        },
      ]),
    ),
  );
}

/** Fails the benchmark when two results differ: nothing wrong is ever timed. */
export function expectClose(name, actual, expected, tolerance) {
  for (let i = 0; i < expected.length; i++) {
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance)) {
      throw new Error(`${name}: element ${i} is ${actual[i]}, expected ${expected[i]} within ${tolerance}`);
    }
  }
}
