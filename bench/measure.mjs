/**
 * Timing for the benchmarks of this folder. Each benchmark first checks that what it times is right, then measures
 * candidates in turn, round after round, so that whatever else the machine does hits all of them alike; medians and ratios
 * of one run are what counts, not milliseconds of another day.
 */
import { performance } from 'node:perf_hooks';

/**
 * @param {Record<string, () => unknown | Promise<unknown>>} candidates what to time, by name; the first is the yardstick
 * @param {{ rounds?: number }} options rounds after one warm-up round
 * @returns {Promise<{ name: string, median: number, least: number, most: number, ratio: number }[]>} milliseconds, and the
 *   yardstick's median over this one's (above 1: faster than the yardstick)
 */
export async function measure(candidates, { rounds = 7 } = {}) {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const start = performance.now();
      await run();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  const rows = Object.entries(times).map(([name, list]) => {
    const sorted = list.sort((a, b) => a - b);
    return { name, median: sorted[sorted.length >> 1], least: sorted[0], most: sorted.at(-1) };
  });
  return rows.map((row) => ({ ...row, ratio: rows[0].median / row.median }));
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
      rows.map(({ name, median, least, most, ratio }) => [
        name,
        {
          'median ms': +median.toFixed(2),
          least: +least.toFixed(2),
          most: +most.toFixed(2),
          'x faster': +ratio.toFixed(2),
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
