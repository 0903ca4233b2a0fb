/** What several machines take: simulations and the arithmetic that they stand on. Seconds and bytes throughout. */

/** Bytes that each of n ranks sends for one ring all-reduce of `bytes`: 2 (n - 1) / n of them (Patarasuk and Yuan 2009). */
export const allReduceBytes = (bytes, n) => (2 * (n - 1) * bytes) / n;

/** The same counted step by step: n - 1 steps that reduce and n - 1 that spread, each of one part of n. */
export function countedAllReduceBytes(parts, n) {
  let sent = 0;
  for (let step = 0; step < 2 * (n - 1); step++) sent += parts / n;
  return sent;
}

/**
 * Workers that take shards from a queue, in time: each begins after `startup`, does a shard in `seconds` (times a factor between
 * 1 - spread and 1 + spread), and dies now and then; what it had of its shard is lost, another takes it `silence` later, and it is back after
 * `startup`.
 *
 * @returns {{ seconds: number, lost: number }} until the last shard is done; worker-seconds of shards that were begun in vain
 */
export function simulateFleet({ shards, seconds, workers, startup, spread = 0, lifetime = Infinity, silence = 0 }) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const free = new Float64Array(workers).fill(startup);
  const returned = [];
  let fresh = shards;
  let lost = 0;
  let end = 0;
  for (let left = shards; left > 0; ) {
    let worker = 0;
    for (let i = 1; i < workers; i++) if (free[i] < free[worker]) worker = i;
    if (fresh > 0) fresh--;
    else if (returned.length > 0) free[worker] = Math.max(free[worker], returned.shift());
    else {
      // Nothing is left for it, though others are still at work.
      free[worker] = Infinity;
      continue;
    }
    const time = seconds * (1 + spread * (2 * uniform() - 1));
    const death = -lifetime * Math.log(uniform());
    if (death < time) {
      lost += death;
      returned.push(free[worker] + death + silence);
      free[worker] += death + startup;
    } else {
      free[worker] += time;
      end = Math.max(end, free[worker]);
      left--;
    }
  }
  return { seconds: end, lost };
}

/**
 * The gradients of a backward pass, sent while it goes on: layer after layer is ready, one thread sends chunk after chunk.
 *
 * @returns {number} seconds for which the pass has to be waited for beyond its own end
 */
export function exposedSeconds({ layers, backward, bytes, bandwidth, chunk = 4e6 }) {
  const perLayer = bytes / layers;
  let sent = 0;
  for (let layer = 1; layer <= layers; layer++) {
    const ready = (layer * backward) / layers;
    for (let left = perLayer; left > 0; left -= chunk) {
      sent = Math.max(sent, ready) + Math.min(chunk, left) / bandwidth;
    }
  }
  return Math.max(0, sent - backward);
}
