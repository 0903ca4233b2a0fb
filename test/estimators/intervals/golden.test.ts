import { describe, expect, it } from 'vitest';
import { percentiles } from '../../../src/estimators/bootstrap.js';
import { interval } from '../../../src/estimators/intervals/interval.js';
import { empiricalBernsteinReach, hoeffdingReach } from '../../../src/estimators/intervals/mean-intervals.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { MersenneTwister } from '../../helpers/mt19937.js';
import { peerBootstrap } from '../peer-bootstrap.js';
import { expectGolden, fixture, LOGS, logOf, OURS, optionsOf } from '../scalar/fixtures.js';

describe("the peer's random numbers", () => {
  it('are reproduced, and so are the first resamples', () => {
    for (const { seed, n, first_u32, first_resample_head, second_resample_head } of fixture('bootstrap').indices) {
      const raw = new MersenneTwister(seed);
      expect(first_u32.map(() => raw.uint32())).toEqual(first_u32);
      const twister = new MersenneTwister(seed);
      const [first, second] = [0, 1].map(() => Array.from({ length: n }, () => twister.index(n)));
      expect(first!.slice(0, first_resample_head.length)).toEqual(first_resample_head);
      expect(second!.slice(0, second_resample_head.length)).toEqual(second_resample_head);
    }
  });
});

describe.each(LOGS)('Open Bandit Pipeline on %s', (name) => {
  const { input, obp } = fixture(name);
  const roundsOf = (row: { estimator: string; policy?: string; params?: { lambda?: number } }) =>
    estimate(logOf(input, row.policy), OURS[row.estimator]!, optionsOf(input, row)).contributions;

  it('gives the seeded bootstrap intervals', () => {
    for (const row of obp.bootstrap) {
      const rounds = roundsOf(row);
      for (const { n_bootstrap_samples: resamples, alpha, seed, mean, lower, upper } of row.exact) {
        // The others take long and are more of the same.
        if (resamples * rounds.length > 400_000) continue;
        const replicates = peerBootstrap(rounds, resamples, seed);
        const what = `${row.estimator} ${resamples} ${alpha} ${seed}`;
        const [low, high] = percentiles(replicates, [50 * alpha, 100 - 50 * alpha]);
        expectGolden(low!, lower, `lower ${what}`);
        expectGolden(high!, upper, `upper ${what}`);
        expectGolden(replicates.reduce((a, b) => a + b) / resamples, mean, `mean ${what}`);
      }
    }
  });

  it('gives the one-sided bounds, and refuses ranges that the log contradicts', () => {
    let refused = 0;
    for (const { rounds_of, delta, x_max, hoeffding, bernstein, student_t, params } of obp.lower_bounds) {
      const rounds = roundsOf({ estimator: rounds_of, params });
      const width = x_max ?? Math.max(...rounds);
      const what = `${rounds_of} ${delta} ${x_max}`;
      const options = { alpha: delta, side: 'lower' as const, range: [0, width] as const };
      expectGolden(interval(rounds, 't', options).low, student_t, `t ${what}`);
      if (Math.min(...rounds) < 0 || Math.max(...rounds) > width) {
        // The peer goes on as if contributions were between 0 and x_max; only its arithmetic can be compared.
        refused++;
        const mean = rounds.reduce((a, b) => a + b) / rounds.length;
        expectGolden(mean - hoeffdingReach(rounds.length, width)(delta), hoeffding, `hoeffding ${what}`);
        expectGolden(mean - empiricalBernsteinReach(rounds, width)(delta), bernstein, `bernstein ${what}`);
        expect(() => interval(rounds, 'hoeffding', options)).toThrow(
          expect.objectContaining({ code: 'INTERVAL_INPUT' }),
        );
        continue;
      }
      expectGolden(interval(rounds, 'hoeffding', options).low, hoeffding, `hoeffding ${what}`);
      expectGolden(interval(rounds, 'empirical-bernstein', options).low, bernstein, `bernstein ${what}`);
    }
    expect(refused).toBeLessThanOrEqual(obp.lower_bounds.length);
  });
});

const VW_METHODS: Record<string, string> = {
  cressieread: 'cressie-read',
  gaussian: 'normal',
  clopper_pearson: 'clopper-pearson',
  cs: 'confidence-sequence',
};

describe.each(LOGS)('Vowpal Wabbit on %s', (name) => {
  const { input, vw } = fixture(name);

  it.each(Object.keys(VW_METHODS))('gives the %s intervals', (method) => {
    const rows = vw.interval.filter((row: { name: string }) => row.name === method);
    expect(rows.length).toBeGreaterThan(0);
    for (const { policy, params, alpha, p_drop, n_drop, lower, upper } of rows) {
      const ips = estimate(logOf(input, policy), 'ips');
      const { rmin, rmax, wmin = 0, wmax = Infinity, empirical_r_bounds } = params;
      const range: [number, number] = empirical_r_bounds
        ? [Math.min(rmin, ...input.reward), Math.max(rmax, ...input.reward)]
        : [rmin, rmax];
      const { low, high } = interval(ips, VW_METHODS[method]!, {
        alpha,
        range,
        weightRange: [wmin, wmax],
        ...(p_drop === undefined ? {} : { dropProbability: p_drop }),
        ...(n_drop === undefined ? {} : { droppedPerEvent: n_drop }),
      });
      const what = `${method} ${policy} ${JSON.stringify(params)} ${alpha} ${p_drop} ${n_drop}`;
      expectGolden(low, lower, `lower ${what}`, 1e-8);
      expectGolden(high, upper, `upper ${what}`, 1e-8);
    }
  });
});
