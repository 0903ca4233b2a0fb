import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Bootstrap } from '../../src/estimators/bootstrap.js';
import { type IntervalOptions, interval } from '../../src/estimators/intervals.js';
import { Random } from '../../src/estimators/random.js';
import { estimate } from '../../src/estimators/scalar/estimate.js';
import { standardError } from '../../src/estimators/statistic.js';

function logged(rounds: number) {
  const random = new Random(5);
  const columns = { reward: [] as number[], propensity: [] as number[], policyOfAction: [] as number[] };
  for (let i = 0; i < rounds; i++) {
    columns.propensity.push(0.1 + 0.9 * random.uniform());
    columns.policyOfAction.push(random.uniform());
    columns.reward.push(Math.exp(random.normal()) * columns.policyOfAction[i]!);
  }
  return columns;
}

describe('Poisson resampling', () => {
  it.each(['ips', 'snips'])('gives %s the bounds of Efron’s bootstrap', (name) => {
    const result = estimate(logged(20_000), name);
    const bounds = (resampling: 'poisson' | 'multinomial') =>
      interval(result, 'bootstrap-percentile', { resampling, resamples: 1000, seed: 3 });
    const [ours, efron] = [bounds('poisson'), bounds('multinomial')];
    const ratio = {
      numerator: result.numerator,
      multipliers: [],
      denominators: [result.denominator ?? new Float64Array(20_000).fill(1)],
    };
    // A quantile of 1000 normal replicates at 2.5 % is off by 0.085 of their standard deviation; two such differ by more.
    const slack = 4 * Math.SQRT2 * 0.085 * standardError(ratio);
    expect(Math.abs(ours.low - efron.low)).toBeLessThan(slack);
    expect(Math.abs(ours.high - efron.high)).toBeLessThan(slack);
    expect(ours).not.toEqual(efron);
  });

  it.each([
    [9_999, 'multinomial'],
    [10_000, 'poisson'],
  ] as const)('is what %i rounds get: %s', (rounds, resampling) => {
    const { contributions } = estimate(logged(rounds), 'ips');
    const options: IntervalOptions = { resamples: 40, seed: 1 };
    const byDefault = interval(contributions, 'bootstrap-percentile', options);
    expect(byDefault).toEqual(interval(contributions, 'bootstrap-percentile', { ...options, resampling }));
  });

  it('draws resample b alike, however many there are and in whatever pieces they are drawn', () => {
    const numerator = Float64Array.from({ length: 700 }, (_, i) => Math.sin(i));
    const statistic = { numerator, multipliers: [], denominators: [new Float64Array(700).fill(1)] };
    const replicates = (resamples: number, pieces: number[]) => {
      const bootstrap = new Bootstrap([statistic], 700, { resamples, seed: 2, resampling: 'poisson' });
      pieces.forEach((from, p) => {
        bootstrap.run(from, pieces[p + 1] ?? resamples);
      });
      return bootstrap.replicates[0]!;
    };
    const whole = replicates(300, [0]);
    expect(replicates(300, [0, 1, 17, 200])).toEqual(whole);
    expect(replicates(90, [0])).toEqual(whole.subarray(0, 90));
  });

  it('gives the same beside the event loop, which has its turns meanwhile', async () => {
    const units = 200_000;
    const numerator = Float64Array.from({ length: units }, (_, i) => Math.sin(i));
    const statistic = { numerator, multipliers: [], denominators: [new Float64Array(units).fill(1)] };
    const options = { resamples: 512, seed: 2 };
    const [aside, waited] = [0, 1].map(() => new Bootstrap([statistic], units, options)) as [Bootstrap, Bootstrap];
    let turns = 0;
    let done = false;
    const running = aside.runAside(0, 512).then(() => {
      done = true;
    });
    for (; !done; turns++) await setImmediate();
    await running;
    waited.run(0, 512);
    expect(aside.replicates).toEqual(waited.replicates);
    expect(turns).toBeGreaterThan(10);
  });

  it('goes with BCa, and has no other names', () => {
    const contributions = Float64Array.from({ length: 500 }, (_, i) => (i * 7) % 13);
    const { low, high } = interval(contributions, 'bootstrap-bca', { resampling: 'poisson' });
    expect(low).toBeLessThan(6);
    expect(high).toBeGreaterThan(6);
    const wrong = { resampling: 'gamma' } as unknown as IntervalOptions;
    expect(() => interval(contributions, 'bootstrap-percentile', wrong)).toThrow(/resampling.*multinomial or poisson/);
  });
});
