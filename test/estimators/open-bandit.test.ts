import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { evaluate } from '../../src/estimators/evaluate.js';
import { sharedPath } from '../helpers/shared.js';
import { type ScoredResponse, slatesOf, targetOf } from './support.js';

const ITEMS = 34;
const folder = sharedPath('data/open_bandit');

interface Impression {
  click: string;
  propensity_score: string;
}

function impressions(policy: 'random' | 'bts'): Impression[] {
  return parse(gunzipSync(readFileSync(`${folder}/${policy}/men/men.csv.gz`)), { columns: true });
}

/** Real logged bandit feedback with true propensities: what the uniform policy would earn, from the other policy's log. */
it.skipIf(folder === null)(
  "open bandit: the random policy's click rate from the log of Bernoulli Thompson sampling",
  async () => {
    const log = impressions('bts').map((row): ScoredResponse[] => [
      {
        signal: Number(row.click),
        logProb: -Math.log(ITEMS),
        loggingLogProb: Math.log(Number(row.propensity_score)),
      },
    ]);
    const clicks = impressions('random').map((row) => Number(row.click));
    const onPolicy = clicks.reduce((total, click) => total + click, 0) / clicks.length;
    const onPolicyError = Math.sqrt((onPolicy * (1 - onPolicy)) / clicks.length);

    const { estimates } = await evaluate(slatesOf(log), {
      target: targetOf(log),
      logging: 'log',
      estimators: ['decomposed'],
      normalise: 'none',
      reward: 'identity',
      lambdaDiv: 0,
      transform: 'identity',
    });
    const { value, selfNormalised, standardError } = estimates[0]!;
    const error = Math.hypot(standardError!, onPolicyError);
    expect(Math.abs(value! - onPolicy)).toBeLessThan(3 * error);
    expect(Math.abs(selfNormalised! - onPolicy)).toBeLessThan(3 * error);
  },
);
