import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BANDIT_POLICIES, readFeedback } from '../../src/experiments/open-bandit/feedback.js';
import { openBanditProtocol } from '../../src/experiments/open-bandit/protocol.js';
import { sharedPath } from '../helpers/shared.js';
import { invented, truth } from './open-bandit-data.js';

const logsIn = async (folder: string) => ({
  random: await readFeedback(folder, 'random', 'men'),
  bts: await readFeedback(folder, 'bts', 'men'),
});

describe('the protocol of the Open Bandit data', () => {
  it('finds what each policy earns in the log of the other one', async () => {
    const logs = await logsIn(invented(3000));
    for (const policy of BANDIT_POLICIES) {
      const { onPolicy, rows, ...shape } = await openBanditProtocol(logs, policy, { resamples: 12 });
      expect(shape).toMatchObject({ policy, log: policy === 'bts' ? 'random' : 'bts', rounds: 3000, resamples: 12 });
      expect(Math.abs(onPolicy.value - truth(policy))).toBeLessThan(4 * onPolicy.standardError);
      for (const { estimator, value, low, high, standardErrorsOff, relativeError } of rows) {
        expect(Math.abs(value / truth(policy) - 1), `${policy} ${estimator}`).toBeLessThan(0.15);
        expect(low).toBeLessThan(high);
        expect(Math.abs(standardErrorsOff)).toBeLessThan(4.5);
        expect(relativeError).toBeLessThan(0.2);
      }
    }
  });

  it('refuses what is not the data, by name and row', async () => {
    const folder = invented(3);
    await expect(readFeedback(folder, 'bts', 'women')).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    const file = join(folder, 'bts', 'men', 'men.csv');
    writeFileSync(file, 'item_id,position,click,propensity_score\n1,1,0,0.5\n1,1,maybe,0.5\n');
    await expect(readFeedback(folder, 'bts', 'men')).rejects.toThrow(/men\.csv: row 2: click/);
    writeFileSync(file, 'item_id,position,click,propensity_score\n9,1,0,0.5\n');
    await expect(readFeedback(folder, 'bts', 'men')).rejects.toThrow(/item 9.*4 items/);
  });
});

const shared = sharedPath('data/open_bandit');

it.skipIf(shared === null)('open bandit: weights find what the random policy earned', async () => {
  const { onPolicy, rows } = await openBanditProtocol(await logsIn(shared!), 'random', { resamples: 4 });
  expect(onPolicy).toMatchObject({ rounds: 5000, clicks: 20 });
  for (const { estimator, value } of rows) {
    if (estimator !== 'dm') expect(Math.abs(value - onPolicy.value)).toBeLessThan(3 * onPolicy.standardError);
  }
});
