/**
 * Question: what do estimates and bootstrap intervals of a log of a million rounds cost, beside the same formulas in numpy (which is what
 * Open Bandit Pipeline runs) and beside the time that reading the log takes? Run: node bench/estimators.mjs
 */
import { estimate, estimateValue, interval } from 'pope-native/estimators';
import { openFloors } from './harness/floors.mjs';
import { expectClose, measure, quick, report } from './harness/measure.mjs';
import { openPython } from './harness/python.mjs';
import { threads } from './harness/threads.mjs';

const rounds = quick ? 100_000 : 1_000_000;
const k = 10;
const resamples = 100;

/** A log whose numbers repeat with periods that have no common factor. */
function logged() {
  const policy = new Float64Array(rounds * k);
  const qHat = Float64Array.from(policy, (_, at) => ((at * 7) % 17) / 17);
  const action = Int32Array.from({ length: rounds }, (_, i) => (i * 3) % k);
  for (let i = 0; i < rounds; i++) {
    let total = 0;
    for (let j = 0; j < k; j++) total += policy[i * k + j] = 1 + ((i * (j + 3)) % 11);
    for (let j = 0; j < k; j++) policy[i * k + j] /= total;
  }
  const reward = Float64Array.from({ length: rounds }, (_, i) => ((i * 31) % 101) / 100);
  const propensity = Float64Array.from({ length: rounds }, (_, i) => 0.05 + (0.9 * ((i * 31) % 97)) / 97);
  return { reward, propensity, policy, action, qHat, k };
}

/** The formulas as a user would write them. */
function plain({ reward, propensity, policy, action, qHat }) {
  const sums = { ips: 0, weights: 0, dm: 0, dr: 0 };
  for (let i = 0; i < rounds; i++) {
    const at = i * k + action[i];
    const weight = policy[at] / propensity[i];
    let direct = 0;
    for (let j = 0; j < k; j++) direct += policy[i * k + j] * qHat[i * k + j];
    sums.ips += weight * reward[i];
    sums.weights += weight;
    sums.dm += direct;
    sums.dr += direct + weight * (reward[i] - qHat[at]);
  }
  return { ips: sums.ips / rounds, snips: sums.ips / sums.weights, dm: sums.dm / rounds, dr: sums.dr / rounds };
}

const floors = openFloors();
const numpy = await openPython('numpy', threads);
const { policy, qHat, ...columns } = logged();
const { action, k: _, ...vectors } = columns;
const policyOfAction = Float64Array.from(action, (a, i) => policy[i * k + a]);
const small = { ...vectors, policyOfAction };
const large = { ...columns, policy, qHat };
const expected = plain(large);

const where = `${rounds} rounds, ${threads} thread${threads === 1 ? '' : 's'}`;
const questions = [
  ['ips', 'policy of the logged action', small, 24],
  ['snips', 'policy of the logged action', small, 24],
  ['ips', `policy of ${k} actions`, large, 20 + 8 * k],
  ['dr', `policy and model of ${k} actions`, large, 20 + 16 * k],
];
for (const [name, what, log, bytes] of questions) {
  expectClose(name, [estimate(log, name).value, estimateValue(log, name)], [expected[name], expected[name]], 1e-11);
  const memory = 'memory: read the log';
  report(
    `${name}, ${what}, ${where}`,
    await measure(
      {
        numpy: numpy?.candidate(`${name}_${log === small ? 'small' : 'large'}`, rounds, k),
        'pope-native/estimators, value': () => void estimateValue(log, name),
        'pope-native/estimators, with all terms': () => void estimate(log, name),
        [memory]: floors?.read(bytes * rounds, threads),
      },
      { floor: memory },
    ),
  );
}

const { contributions } = estimate(small, 'ips');
const options = { seed: 1 };
const poisson = interval(contributions, 'bootstrap-percentile', { ...options, resamples: 1000 });
const t = interval(contributions, 't');
expectClose('bounds', [poisson.low, poisson.high], [t.low, t.high], 0.15 * (t.high - t.low));
const ofMean = (count) => () => void interval(contributions, 'bootstrap-percentile', { ...options, resamples: count });
report(
  `bootstrap of a mean, ${resamples} resamples of ${where}`,
  await measure(
    {
      'numpy, by index': numpy?.candidate('bootstrap', rounds, resamples),
      'pope-native/estimators': ofMean(resamples),
    },
    { rounds: 3 },
  ),
);
report(`bootstrap of a mean, 1000 resamples of ${where}`, await measure({ 'pope-native/estimators': ofMean(1000) }));
numpy?.close();
floors?.close();
