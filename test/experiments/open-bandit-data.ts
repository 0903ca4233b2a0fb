import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Random } from '../../src/estimators/random.js';
import { BANDIT_POLICIES, type BanditPolicy } from '../../src/experiments/open-bandit/feedback.js';

const ITEMS = [0.05, 0.1, 0.2, 0.4];
const CHOICES: Record<BanditPolicy, number[]> = { random: [0.25, 0.25, 0.25, 0.25], bts: [0.1, 0.2, 0.3, 0.4] };
/** Clicks a round. */
export const truth = (policy: BanditPolicy) => CHOICES[policy].reduce((total, p, item) => total + p * ITEMS[item]!, 0);

/** Data in the published form, of items that are clicked equally often at both positions. */
export function invented(rounds: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'pope-open-bandit-'));
  for (const [stream, policy] of BANDIT_POLICIES.entries()) {
    const random = new Random(6, stream);
    const place = join(folder, policy, 'men');
    mkdirSync(place, { recursive: true });
    const lines = Array.from({ length: rounds }, (_, i) => {
      const item = random.categorical(CHOICES[policy]);
      const click = Number(random.uniform() < ITEMS[item]!);
      return `${i},2019-11-24,${item},${1 + random.integer(2)},${click},${CHOICES[policy][item]},user`;
    });
    const header = ',timestamp,item_id,position,click,propensity_score,user_feature_0';
    writeFileSync(join(place, 'men.csv.gz'), gzipSync(`${[header, ...lines].join('\n')}\n`));
    const items = ITEMS.map((_, item) => `${item},${item},${item / 4},${item % 2},x,${item > 1}`);
    const names = ',item_id,item_feature_0,item_feature_1,item_feature_2,item_feature_3';
    writeFileSync(join(place, 'item_context.csv'), `${[names, ...items].join('\n')}\n`);
  }
  return folder;
}
