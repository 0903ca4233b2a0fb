import { describe, expect, it } from 'vitest';
import { percentiles } from '../../../src/estimators/bootstrap.js';
import { estimate } from '../../../src/estimators/scalar/estimate.js';
import { type EmbeddingLog, estimateMarginal } from '../../../src/estimators/scalar/marginal.js';
import { peerBootstrap } from '../peer-bootstrap.js';
import { expectGolden, fixture } from './fixtures.js';

describe.each(['mips-n300-k20', 'mips-n500-k10'])('Open Bandit Pipeline on %s', (name) => {
  const { input, obp } = fixture(name);
  const shared = { reward: input.reward, policy: input.pi_e, loggingPolicy: input.pi_b, k: input.k };
  const logs: Record<string, EmbeddingLog> = {
    p_e_a: { ...shared, embedding: input.action_embed, embeddingGivenAction: input.p_e_a },
    pi_a_given_x_e: { ...shared, actionGivenEmbedding: input.pi_a_given_x_e },
  };

  it('gives the values without embedding selection, their first rounds and seeded intervals', () => {
    const rows = obp.filter((row: { selection: unknown }) => row.selection === null);
    expect(rows.length).toBe(4);
    for (const { estimator, mode, value, rounds_head, interval } of rows) {
      const result = estimateMarginal(logs[mode]!, estimator === 'mipw' ? 'mips' : 'snmips');
      expectGolden(result.value, value, `${estimator} ${mode}`);
      rounds_head.forEach((round: number, i: number) => {
        expectGolden(result.contributions[i]!, round, `round ${i} of ${estimator} ${mode}`);
      });
      const { n_bootstrap_samples: resamples, alpha, seed, lower, upper } = interval;
      const replicates = peerBootstrap(result.contributions, resamples, seed);
      const [low, high] = percentiles(replicates, [50 * alpha, 100 - 50 * alpha]);
      expectGolden(low!, lower, `lower ${estimator} ${mode}`);
      expectGolden(high!, upper, `upper ${estimator} ${mode}`);
    }
  });
});

describe('marginalised weights', () => {
  const log: EmbeddingLog = {
    reward: [1, 2],
    policy: [0.1, 0.2, 0.7, 0.3, 0.3, 0.4],
    loggingPolicy: [0.5, 0.3, 0.2, 0.2, 0.2, 0.6],
    k: 3,
  };

  it('of embeddings that name the action are those of the actions', () => {
    const named = { ...log, embedding: [2, 0], embeddingGivenAction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
    const ips = estimate({ ...log, action: [2, 0], propensity: [0.2, 0.2] }, 'ips');
    expect([...estimateMarginal(named, 'mips').weights!]).toEqual([...ips.weights!]);
  });

  it('of clusters share the weight of their members', () => {
    // Actions 0 and 1 are one cluster.
    const clustered = { ...log, embedding: [0, 1], embeddingGivenAction: [1, 0, 1, 0, 0, 1] };
    const { weights } = estimateMarginal(clustered, 'mips');
    expect(weights![0]).toBeCloseTo(0.3 / 0.8, 14);
    expect(weights![1]).toBeCloseTo(0.4 / 0.6, 14);
  });

  it.each<[string, EmbeddingLog, string, string, RegExp]>([
    ['another name', log, 'ips', 'ESTIMATOR_UNKNOWN', /mips, snmips/],
    ['no embeddings', log, 'mips', 'ESTIMATE_NEEDS', /embedding/],
    ['embeddings without their probabilities', { ...log, embedding: [0, 0] }, 'mips', 'ESTIMATE_NEEDS', /GivenAction/],
    [
      'lengths that do not fit',
      { ...log, embedding: [0, 0], embeddingGivenAction: [1, 1] },
      'mips',
      'ESTIMATE_INPUT',
      /k \* c \* d/,
    ],
    [
      'a category that does not exist',
      { ...log, embedding: [0, 1], embeddingGivenAction: [1, 1, 1] },
      'mips',
      'ESTIMATE_INPUT',
      /embedding\[1\]/,
    ],
    [
      'actions that the logging policy never chooses',
      { ...log, loggingPolicy: [0, 0.5, 0.5, 0.2, 0.2, 0.6], actionGivenEmbedding: [1, 0, 0, 1, 0, 0] },
      'mips',
      'ESTIMATE_INPUT',
      /Round 0 has action 0/,
    ],
  ])('refuse %s', (_, bad, name, code, message) => {
    expect(() => estimateMarginal(bad, name)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
