import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import { LocalPolicy, type LocalPolicyOptions } from '../../src/policy/local-policy.js';
import type { SlateScores } from '../../src/policy/policy.js';
import { tinyModel } from '../helpers/tiny-model.js';

const BOS = 254;
const EOS = 255;
const slates: Slate[] = [
  {
    id: 'q1',
    prompt: 'once',
    responses: [
      { id: 'a', text: 'upon a time' },
      { id: 'b', text: 'é' },
    ],
  },
  { id: 'q2', messages: [{ role: 'user', content: 'and then' }], responses: [{ id: 'a', text: 'what' }] },
];
const bytes = (text: string) => [...Buffer.from(text)];

let model: CausalModel;
beforeAll(async () => {
  model = await loadModel(await tinyModel());
});
afterAll(() => model.dispose());

async function score(options: LocalPolicyOptions, log: readonly Slate[] = slates): Promise<SlateScores[]> {
  const scores: SlateScores[] = [];
  for await (const each of new LocalPolicy(model, options).score(log)) scores.push(each);
  return scores;
}

describe('a local model as a policy', () => {
  it.each([1, 0.7])('at temperature %d scores prompt, response and end as the model does', async (temperature) => {
    const [first, second] = await score({ temperature });
    expect(first!.responses.map(({ response, tokens, bytes }) => [response, tokens, bytes])).toEqual([
      ['a', 12, 11],
      ['b', 3, 2],
    ]);
    const direct = await model.scoreTokens(
      [
        {
          prompt: [BOS, ...bytes('once')],
          responses: [
            [...bytes('upon a time'), EOS],
            [...bytes('é'), EOS],
          ],
        },
        { prompt: [BOS, ...bytes('and then')], responses: [[...bytes('what'), EOS]] },
      ],
      { temperature, entropy: true, packed: false },
    );
    for (const [i, { responses }] of [first!, second!].entries()) {
      for (const [k, { logprob, entropy }] of responses.entries()) {
        const { sum, entropies } = direct[i]![k]!;
        expect(logprob).toBeCloseTo(sum, 3);
        expect(entropy).toBeCloseTo(entropies!.reduce((total, each) => total + each, 0) / entropies!.length, 4);
      }
    }
  });

  it('is another policy with another temperature, template, system prompt or end, not with other batches', () => {
    const id = (options: LocalPolicyOptions) => new LocalPolicy(model, options).id;
    const template = { jinja: '{% for m in messages %}{{ m.content }}:{% endfor %}' };
    const ids = [{}, { temperature: 2 }, { template }, { template, system: 'x' }, { end: 'none' as const }].map(id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(id({ batchTokens: 7, name: 'other', onOverflow: 'skip' })).toBe(ids[0]);
  });

  it('is called by its folder and hash unless it has a name', () => {
    const { id, identity } = new LocalPolicy(model);
    expect(identity).toEqual({
      policy: `llama3-tiny@${id.slice(7, 15)}`,
      model: model.hash,
      tokenizer: model.tokenizer!.hash,
      temperature: 1,
      dtype: 'f32',
    });
    expect(new LocalPolicy(model, { name: 'pi' }).identity.policy).toBe('pi');
  });

  it('gives every text its own key, which depends on the policy too', async () => {
    const keys = (scores: SlateScores[]) => scores.flatMap(({ responses }) => responses.map(({ key }) => key));
    const all = [...keys(await score({})), ...keys(await score({ temperature: 2 }))];
    expect(new Set(all).size).toBe(6);
    expect(keys(await score({ name: 'x', batchTokens: 4 }))).toEqual(all.slice(0, 3));
  });

  it('plans batches of whole slates by rows, in order', async () => {
    const log = Array.from({ length: 7 }, (_, i) => ({ ...slates[0]!, id: `q${i}` }));
    // A slate has 5 rows of prompt and 11 + 2 of responses, whose last tokens are only predicted.
    for (const [batchTokens, sizes] of [
      [1, [1, 1, 1, 1, 1, 1, 1]],
      [53, [2, 2, 2, 1]],
      [54, [3, 3, 1]],
    ] as const) {
      const batches: number[] = [];
      for await (const batch of new LocalPolicy(model, { batchTokens }).batches(log)) batches.push(batch.length);
      expect(batches).toEqual(sizes);
    }
  });

  it('refuses, leaves out or cuts what exceeds the context', async () => {
    const long: Slate = { id: 'long', prompt: 'x'.repeat(model.context), responses: [{ id: 'a', text: 'yes' }] };
    const encoded = async (onOverflow: 'error' | 'skip' | 'truncate') => {
      const batches = [];
      const policy = new LocalPolicy(model, { onOverflow });
      for await (const batch of policy.batches([slates[0]!, long])) batches.push(...batch);
      return batches;
    };
    await expect(encoded('error')).rejects.toMatchObject({ code: 'CONTEXT_OVERFLOW', exitCode: 3 });
    expect((await encoded('skip')).map(({ query }) => query)).toEqual(['q1']);
    const [, cut] = await encoded('truncate');
    expect(cut).toMatchObject({ query: 'long', truncated: 5 });
    expect(cut!.prompt.length + 4).toBe(model.context);
    expect(cut!.prompt[0]).toBe(BOS);
  });

  it('needs a tokenizer and a temperature above 0', async () => {
    expect(() => new LocalPolicy(model, { temperature: 0 })).toThrow('temperature: expected a number above 0');
    const bare = await loadModel(new URL('../fixtures/models/llama3-tiny', import.meta.url).pathname);
    try {
      expect(() => new LocalPolicy(bare)).toThrow(expect.objectContaining({ code: 'NO_TOKENIZER', exitCode: 3 }));
    } finally {
      bare.dispose();
    }
  });

  it('stops when told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const iterator = new LocalPolicy(model).score(slates, { signal })[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toThrow('enough');
  });
});
