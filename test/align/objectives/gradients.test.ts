/** Every coefficient of every training objective against central differences of its own value, in float64. */
import { describe, it } from 'vitest';
import type { Batch, Objective } from '../../../src/align/objectives/batch.js';
import { dpo } from '../../../src/align/objectives/dpo.js';
import { likelihood } from '../../../src/align/objectives/likelihood.js';
import { plackettLuce } from '../../../src/align/objectives/plackett-luce.js';
import { type PopeObjective, pope } from '../../../src/align/objectives/pope.js';
import { parseTransform } from '../../../src/estimators/transforms.js';
import { finiteDifferences } from '../../helpers/finite-differences.js';
import { expectClose } from '../../helpers/tolerance.js';
import { randomBatch } from '../batch.js';

const relative = { atol: 1e-12, rtol: 1e-6 };
const sizes = [3, 1, 5, 2];

function expectGradient(objective: Objective, batch: Batch, what: string): void {
  const { coefficients, entropyCoefficients } = objective(batch);
  const byLogProb = finiteDifferences(
    (targetLogProb) => objective({ ...batch, targetLogProb }).value,
    batch.targetLogProb,
  );
  expectClose(coefficients, byLogProb, relative, what);
  if (entropyCoefficients === null) return;
  const byEntropy = finiteDifferences((entropy) => objective({ ...batch, entropy }).value, batch.entropy!);
  expectClose(entropyCoefficients, byEntropy, relative, `entropy, ${what}`);
}

const rule: PopeObjective = {
  estimator: 'decomposed',
  form: 'soft',
  lambdaCu: 1.5,
  lambdaDiv: 0.7,
  transform: parseTransform('none'),
  reduction: 'sum',
  normalise: 'tokens',
  gradient: 'exact',
  baseline: 0,
  tokenEntropy: false,
  proximity: 0,
};

describe('coefficients of', () => {
  for (const estimator of ['slate', 'decomposed', 'bound'] as const) {
    for (const form of ['expected', 'soft', 'gated'] as const) {
      it(`POPE, ${estimator}, ${form}`, () => {
        for (const normalise of ['tokens', 'bytes'] as const) {
          for (const tokenEntropy of [false, true]) {
            for (const proximity of [0, 0.4]) {
              const objective = { ...rule, estimator, form, normalise, tokenEntropy, proximity };
              expectGradient((batch) => pope(batch, objective), randomBatch(sizes, 3), JSON.stringify(objective));
            }
          }
        }
      });
    }
  }

  it('POPE under Z = none, on responses short enough for a weight of their own', () => {
    const batch = randomBatch(sizes, 4);
    const short = { ...batch, targetLogProb: batch.targetLogProb.map((sum, k) => sum / batch.targetTokens[k]!) };
    short.loggingLogProb = batch.loggingLogProb.map((sum, k) => sum / batch.loggingTokens[k]!);
    expectGradient(
      (b) => pope(b, { ...rule, normalise: 'none', transform: parseTransform('shrinkage:2') }),
      short,
      'none',
    );
  });

  it('weighted likelihood', () => expectGradient(likelihood, randomBatch(sizes, 5), 'likelihood'));
  it('DPO', () => expectGradient((batch) => dpo(batch, 0.3), randomBatch(sizes, 6), 'dpo'));
  it('Plackett-Luce', () => expectGradient((batch) => plackettLuce(batch, 0.3), randomBatch(sizes, 7), 'pl'));
  it('Plackett-Luce with ties', () => {
    const batch = randomBatch(sizes, 8);
    const reward = batch.reward.map((r) => Math.round(r * 3) / 3);
    expectGradient((b) => plackettLuce(b, 0.3), { ...batch, reward }, 'pl with ties');
  });
});
