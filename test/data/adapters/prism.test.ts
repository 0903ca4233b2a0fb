import { describe, expect, it } from 'vitest';
import { hashName } from '../../../src/data/adapters/text.js';
import { importRaw } from '../../helpers/run-adapter.js';

const said = (turn: number, within_turn_id: number, content: string, score: number, if_chosen: boolean) => {
  return { turn, role: 'model', content, model_name: `m${within_turn_id}`, score, if_chosen, within_turn_id };
};
const history = [
  { turn: 0, role: 'user', content: 'Ban cars?' },
  said(0, 0, 'Yes.', 40, false),
  said(0, 1, 'It depends.', 88, true),
  said(0, 2, 'EMPTY STRING', 1, false),
  { turn: 1, role: 'user', content: 'And vans?' },
  said(1, 0, 'Mornings.', 74, false),
  said(1, 1, 'Bikes.', 74, true),
];
const ids = { conversation_id: 'c', user_id: 'u', conversation_type: 'unguided' };
const prompts = ['Ban cars?', 'And vans?'];
const utterances = history
  .filter(({ role }) => role === 'model')
  .map(({ role: _, content, ...fields }) => {
    return { ...ids, ...fields, model_response: content, user_prompt: prompts[fields.turn], interaction_id: 'i' };
  });
const survey = [{ user_id: 'u', age: '25-34', location: { special_region: 'Europe', reside_country: 'Wales' } }];

describe('prism', () => {
  it('makes a slate of every turn, alike from utterances, from conversations and from both', async () => {
    const conversations = [{ ...ids, conversation_history: history }];
    const all = [
      { utterances, survey },
      { survey, conversations },
      { conversations, utterances, survey },
    ];
    for (const files of all) {
      const { report, slates } = await importRaw('prism', files);
      const judged = (signal: number) => [{ judge: hashName('u'), group: 'Europe', signal }];
      const query = { cluster: hashName('u'), conversation_type: 'unguided' };
      expect(slates).toEqual([
        {
          ...query,
          id: 'c.0',
          messages: [{ role: 'user', content: 'Ban cars?' }],
          responses: [
            { id: '0', text: 'Yes.', judgements: judged(40), model: 'm0' },
            { id: '1', text: 'It depends.', judgements: judged(88), model: 'm1' },
          ],
        },
        {
          ...query,
          id: 'c.1',
          messages: [
            { role: 'user', content: 'Ban cars?' },
            { role: 'assistant', content: 'It depends.' },
            { role: 'user', content: 'And vans?' },
          ],
          responses: [
            { id: '0', text: 'Mornings.', judgements: judged(74), model: 'm0' },
            { id: '1', text: 'Bikes.', judgements: judged(74), model: 'm1' },
          ],
        },
      ]);
      expect(report.responses).toEqual({ read: 5, kept: 4, dropped: { 'empty-text': 1 } });
    }
  });

  it('takes the group from any field of the survey, and drops what is no response', async () => {
    const files = { survey, utterances, models: [{ model_name: 'm0' }] };
    const { report, slates } = await importRaw('prism', files, {
      adapterOptions: { group: 'location.reside_country' },
    });
    expect(slates[0]!.responses[0]!.judgements![0]!.group).toBe('Wales');
    expect(report.responses.dropped).toMatchObject({ 'no-response-of-a-conversation': 1 });
    const other = await importRaw('prism', files, { adapterOptions: { group: 'height' } });
    expect(other.slates[0]!.responses[0]!.judgements).toEqual([{ judge: hashName('u'), signal: 40 }]);
  });
});
