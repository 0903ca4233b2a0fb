import { describe, expect, it } from 'vitest';
import { missAmong } from '../../../../src/experiments/worlds/text/metrics.js';
import { TEXT_ROLES } from '../../../../src/experiments/worlds/text/roles.js';
import { textWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { everyText, smallWorld } from './small-world.js';

const world = textWorld('pluralistic', 1);

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('the ideals', () => {
  const shares = world.queries('test').map(({ groups }) => groups.map(({ share }) => share));
  const over = (of: (p: number[]) => number) => mean(shares.map(of));
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

  it('of the people is what their shares say', () => {
    const ideal = world.humanIdeal('test');
    expect(ideal.utility).toBeCloseTo(
      over((p) => total(p.map((share) => share * share))),
      12,
    );
    expect(ideal.coverage6).toBeCloseTo(
      over((p) => mean(p.map((share) => 1 - (1 - share) ** 6))),
      12,
    );
    expect(ideal.coverage50).toBeCloseTo(
      over((p) => mean(p.map((share) => 1 - (1 - share) ** 50))),
      12,
    );
    expect(ideal.weightedCoverage6).toBeCloseTo(
      over((p) => total(p.map((s) => s * (1 - (1 - s) ** 6)))),
      12,
    );
    expect(ideal.totalVariation).toBeCloseTo(0, 12);
    expect(ideal.invalidShare).toBeCloseTo(0, 12);
    const entropy = over((p) => -total(p.map((share) => share * Math.log(share))) / Math.log(p.length));
    expect(ideal.groupEntropy).toBeCloseTo(entropy, 12);
    expect(ideal.signal).toBeCloseTo((30 * ideal.utility + 0.2) / 60, 12);
  });

  it('of the mode is its largest group', () => {
    const ideal = world.modeIdeal('test');
    expect(ideal.utility).toBeCloseTo(
      over((p) => p[0]!),
      12,
    );
    expect(ideal.coverage6).toBeCloseTo(
      over((p) => 1 / p.length),
      12,
    );
    expect(ideal.coverage50).toBe(ideal.coverage6);
    expect(ideal.weightedCoverage6).toBeCloseTo(ideal.utility, 12);
    expect(ideal.totalVariation).toBeCloseTo(
      over((p) => 1 - p[0]!),
      12,
    );
    expect(ideal.invalidShare).toBeCloseTo(0, 12);
    expect(ideal.groupEntropy).toBe(0);
  });

  it('are right about which answers are best', () => {
    for (const quality of [[0.35, 0.7, 1] as const, [1, 0.7, 0.35] as const, [0.1, 1, 0.2] as const]) {
      const small = smallWorld({ quality });
      for (const { id, groups } of small.queries()) {
        const best = Math.max(...everyText().map((text) => small.utility(id, text)));
        expect(best).toBeCloseTo(groups[0]!.share, 12);
      }
      const best = mean(small.queries().map(({ groups }) => groups[0]!.share));
      expect(small.modeIdeal().utility).toBeCloseTo(best, 12);
    }
  });
});

describe('the worlds', () => {
  // docs/worlds.md publishes these: utility, invalid share, coverage of 6, by share, of 50, total variation, entropy.
  it.each([
    ['pluralistic', 'base', [0.078, 0.496, 0.567, 0.567, 0.997, 0.323, 1]],
    ['pluralistic', 'logging', [0.174, 0.239, 0.623, 0.754, 0.97, 0.211, 0.819]],
    ['pluralistic', 'target', [0.27, 0.128, 0.632, 0.821, 0.974, 0, 0.771]],
    ['pluralistic', 'human', [0.431, 0, 0.668, 0.849, 0.981, 0, 0.771]],
    ['pluralistic', 'mode', [0.559, 0, 0.264, 0.559, 0.264, 0.441, 0]],
    ['unanimous', 'logging', [0.467, 0.239, 1, 1, 1, 0, 1]],
    ['misestimated', 'logging', [0.174, 0.239, 0.623, 0.754, 0.97, 0.211, 0.819]],
    ['adversarial', 'logging', [0.174, 0.239, 0.623, 0.754, 0.97, 0.211, 0.819]],
    ['skewed', 'logging', [0.133, 0.239, 0.528, 0.617, 0.898, 0.481, 0.636]],
    ['short', 'logging', [0.214, 0.239, 0.623, 0.754, 0.97, 0.211, 0.819]],
  ] as const)('are still what was published: %s, %s', (name, role, published) => {
    const exact = textWorld(name).exact(role);
    const { utility, invalidShare, coverage6, weightedCoverage6, coverage50, totalVariation, groupEntropy } = exact;
    const now = [utility, invalidShare, coverage6, weightedCoverage6, coverage50, totalVariation, groupEntropy];
    expect(now.map((value) => Number(Math.abs(value).toFixed(3)))).toEqual(published);
  });
});

describe.each(['pluralistic', 'adversarial', 'short'])('samples in the world %s', (name) => {
  const made = textWorld(name, 1);

  it.each(TEXT_ROLES)('of %s are judged as they are exactly', (role) => {
    // Against the exact value of the same queries, so the error is that of sampling alone: see the bound below.
    const exact = made.exact(role, 'test');
    const samples = made.sample(role, 'test', 60, 3);
    const { queries, ...judgement } = made.judge(samples);
    const again = made.judge(made.sample(role, 'test', 60, 4));
    for (const metric of [
      'utility',
      'signal',
      'coverage6',
      'coverage50',
      'weightedCoverage6',
      'invalidShare',
    ] as const) {
      const found = judgement[metric]!.mean;
      // Two samples differ by sqrt(2) standard deviations of one; the deviation by query says how far they may.
      const differences = queries.map((query, i) => query[metric]! - again.queries[i]![metric]!);
      const deviation = Math.sqrt(mean(differences.map((d) => d * d)) / 2 / differences.length);
      expect(Math.abs(found - exact[metric]), metric).toBeLessThanOrEqual(5 * deviation + 1e-12);
    }
    expect(Math.abs(judgement.totalVariation.mean - exact.totalVariation)).toBeLessThan(0.1);
    expect(Math.abs(judgement.groupEntropy.mean - exact.groupEntropy)).toBeLessThan(0.1);
  });
});

describe('judge', () => {
  const query = world.queries('test')[0]!;
  const [first, second] = query.groups.map(({ opinion }) => `I would ${opinion} ${query.topic}.`);

  it('counts by hand', () => {
    const texts = [first!, first!, first!, second!, second!, 'Hm.', first!, 'Hm.'];
    const judgement = world.judge(new Map([[query.id, texts]]));
    const shares = query.groups.map(({ share }) => share);
    expect(judgement.utility.mean).toBeCloseTo((0.35 * (4 * shares[0]! + 2 * shares[1]!)) / 8, 12);
    expect(judgement.invalidShare.mean).toBeCloseTo(0.25, 12);
    expect(judgement.queries[0]!.expressed.slice(0, 3)).toEqual([0.5, 0.25, 0]);
    const others = shares.slice(2).reduce((sum, share) => sum + share, 0);
    const variation = (Math.abs(shares[0]! - 4 / 6) + Math.abs(shares[1]! - 2 / 6) + others) / 2;
    expect(judgement.totalVariation.mean).toBeCloseTo(variation, 12);
    // Six of eight always contain one of four; two are missed by 1 of 28 choices.
    expect(judgement.coverage6.mean).toBeCloseTo((1 + 27 / 28) / shares.length, 12);
    expect(judgement.weightedCoverage6.mean).toBeCloseTo(shares[0]! + (shares[1]! * 27) / 28, 12);
    expect(judgement.coverage50).toBeNull();
    // I would / would STANCE / STANCE TOPIC: 5 different among 18 pairs.
    expect(judgement.distinct2.mean).toBeCloseTo(5 / 18, 12);
    expect(judgement.utility.standardError).toBeNaN();
  });

  it('has the standard error of a mean over queries', () => {
    const judgement = world.judge(world.sample('logging', 'test', 10));
    const values = judgement.queries.map(({ utility }) => utility);
    const variance = mean(values.map((value) => (value - mean(values)) ** 2)) * (values.length / (values.length - 1));
    expect(judgement.utility.mean).toBeCloseTo(mean(values), 12);
    expect(judgement.utility.standardError).toBeCloseTo(Math.sqrt(variance / values.length), 12);
  });

  it('misses a kind as often as the subsets of the samples do', () => {
    for (const [count, total, n] of [
      [0, 7, 3],
      [2, 7, 3],
      [5, 7, 3],
      [7, 7, 7],
      [1, 9, 6],
    ] as const) {
      let missed = 0;
      let subsets = 0;
      for (let bits = 0; bits < 2 ** total; bits++) {
        if (bits.toString(2).replaceAll('0', '').length !== n) continue;
        subsets++;
        if (bits % 2 ** count === 0) missed++;
      }
      expect(missAmong(count, total, n)).toBeCloseTo(missed / subsets, 12);
    }
  });

  it('takes nonsense for what it is', () => {
    const judgement = world.judge(new Map([[query.id, ['', '\u0000', 'a', '🙂', ' ', 'I']]]));
    const judged = [judgement.utility, judgement.coverage6, judgement.invalidShare, judgement.totalVariation];
    expect(judged.map((measured) => measured.mean)).toEqual([0, 0, 1, 1]);
    expect(judgement.groupEntropy.mean).toBe(0);
    expect(judgement.distinct2.mean).toBeGreaterThanOrEqual(0);
  });

  it('asks for samples', () => {
    const refused = expect.objectContaining({ code: 'SAMPLES' });
    expect(() => world.judge(new Map())).toThrow(refused);
    expect(() => world.judge(new Map([[query.id, [first!]]]))).toThrow(refused);
  });
});
