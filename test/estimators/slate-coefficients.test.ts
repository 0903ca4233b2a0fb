/** Every coefficient of docs/theory.md section 5 against finite differences of the public function's value. */
import { describe, expect, it } from 'vitest';
import { type SlateOptions, slateEstimates } from '../../src/estimators/slate-estimates.js';
import { parseTransform } from '../../src/estimators/transforms.js';
import { importanceWeights, type SlateLog } from '../../src/native/objective.js';
import { finiteDifferences } from '../helpers/finite-differences.js';
import { randomLog } from '../helpers/slate-log.js';
import { expectClose } from '../helpers/tolerance.js';

const relative = { atol: 1e-12, rtol: 1e-6 };
const estimators = ['slate', 'decomposed', 'bound'] as const;
const forms = ['expected', 'soft', 'gated', undefined] as const;
const transforms = ['none', 'clip:1.3', 'power:0.4', 'shrinkage:2.5', 'sub-gaussian:0.3'];
const sizes = [3, 1, 5, 2];

function expectDerivatives(log: SlateLog, options: SlateOptions): void {
  const estimates = slateEstimates(log, options);
  for (const estimator of estimators) {
    const { coefficients, entropyCoefficients } = estimates[estimator];
    const value = (changed: Partial<SlateLog>) => slateEstimates({ ...log, ...changed }, options)[estimator].value;
    const what = `${estimator} ${JSON.stringify(options)}`;
    expectClose(
      coefficients,
      finiteDifferences((logProb) => value({ logProb }), log.logProb),
      relative,
      what,
    );
    if (!log.entropy) expect(entropyCoefficients).toBeUndefined();
    else {
      const expected = finiteDifferences((entropy) => value({ entropy }), log.entropy);
      expectClose(entropyCoefficients!, expected, relative, `entropy, ${what}`);
    }
  }
}

/** No weight is so near to the threshold of clip that a difference crosses the kink, and each side has some. */
function expectAwayFromKink(log: SlateLog): void {
  const threshold = Math.log(1.3);
  for (const level of ['response', 'slate'] as const) {
    const { logWeights } = importanceWeights({ ...log, level, transform: parseTransform('none') });
    expect(logWeights.some((weight) => weight > threshold)).toBe(true);
    expect(logWeights.some((weight) => weight < threshold)).toBe(true);
    expect(logWeights.every((weight) => Math.abs(weight - threshold) > 0.01)).toBe(true);
  }
}

describe.each(transforms)('coefficients under %s', (transform) => {
  for (const form of forms) {
    for (const reduction of ['sum', 'mean'] as const) {
      for (const selfNormalise of [false, true]) {
        it(`${form ?? 'default'} form, ${reduction}${selfNormalise ? ', self-normalised' : ''}`, () => {
          for (const entropy of [false, true]) {
            for (const queryWeight of [false, true]) {
              const log = randomLog({ sizes, seed: 5, entropy, queryWeight });
              expectAwayFromKink(log);
              const options = { transform, reduction, selfNormalise, lambdaCu: 1.5, lambdaDiv: 0.7 };
              expectDerivatives(log, form ? { ...options, form } : options);
            }
          }
        });
      }
    }
  }
});

it('coefficients where lambdaDiv is negative, rewards are negative or beyond 1, and log-probabilities positive', () => {
  const log = randomLog({ sizes: [2, 4, 1], seed: 8 });
  log.reward.set([1.7, 0.2, -0.4, 3, 0.1, 0.6, 0.8]);
  log.logProb.set([0.3, -0.2], 2);
  expectDerivatives(log, { lambdaDiv: -0.3 });
  expectDerivatives(log, { lambdaDiv: 0 });
});
