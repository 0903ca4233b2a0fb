import { describe, expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { runAdapter } from '../../helpers/run-adapter.js';
import { sharedPath } from '../../helpers/shared.js';
import { useTemporaryFolder } from '../../helpers/temporary-folder.js';

const folder = useTemporaryFolder();
const header = 'Id,ProductId,UserId,ProfileName,HelpfulnessNumerator,HelpfulnessDenominator,Score,Time,Summary,Text\n';
const raw = `${header}1,P1,U1,Ann,2,3,5,0,Good,"Nice &amp; sweet<br />twice"
2,P2,U2,Bob,0,0,1,0,Bad,Alone
3,P1,U2,Bob,0,0,1,0,Bad,Stale
4,P1,U3,Cy,4,3,5,0,Odd,Impossible
5,P1,U4,Di,x,3,5,0,Odd,No number
6,P1,U5,Ed,1,1,5,0,Copy,Stale
`;

describe('amazon-fine-food', () => {
  it('makes a slate of each product with two reviews or more', async () => {
    const { report, slates } = await runAdapter('amazon-fine-food', [await folder.write('Reviews.csv', raw)], {
      output: folder.path('log.jsonl'),
    });
    expect(slates).toEqual([
      {
        id: 'P1',
        prompt: 'Write a review of the food product P1.',
        responses: [
          { id: '1', text: 'Nice & sweet\ntwice', signal: 2, group: '5', author: hashName('U1') },
          { id: '3', text: 'Stale', signal: 0, group: '1', author: hashName('U2') },
        ],
      },
    ]);
    expect(report.responses).toEqual({
      read: 6,
      kept: 2,
      dropped: { 'more-helpful-votes-than-votes': 1, 'votes-not-a-number': 1, 'duplicate-text': 1, 'slate-dropped': 1 },
    });
    expect(report.warnings.map(({ code }) => code)).toEqual(['NO_PROMPT_TEXT']);
  });

  it('offers the ratio of votes and no group', async () => {
    const { slates } = await runAdapter('amazon-fine-food', [await folder.write('Reviews.csv', raw)], {
      output: folder.path('log.jsonl'),
      adapterOptions: { signal: 'ratio', group: 'none' },
    });
    expect(slates[0]!.responses.map(({ signal, group }) => [signal, group])).toEqual([
      [2 / 3, undefined],
      [0, undefined],
    ]);
  });

  const path = sharedPath('data/amazon_fine_food/Reviews.sample.csv');
  it.skipIf(path === null)('imports the real sample', async () => {
    const { report } = await runAdapter('amazon-fine-food', [path!], { output: folder.path('log.jsonl') });
    expect(report.queries).toEqual({ read: 137, kept: 82, dropped: { 'below-min-slate': 55 } });
    expect(report.responses).toEqual({ read: 670, kept: 613, dropped: { 'duplicate-text': 2, 'slate-dropped': 55 } });
  });
});
