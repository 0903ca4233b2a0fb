import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { DataError } from '../../src/errors.js';
import { type EncodingOptions, SlateEncoder } from '../../src/models/encode-slate.js';
import { Tokenizer } from '../../src/models/tokenizer.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { buildTokenizer } from '../helpers/tokenizer-builder.js';

const TEMPLATE =
  "{% for m in messages %}{{ m.role + ': ' + m.content + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

const root = temporaryFolder();
let count = 0;
async function tokenizerWith(config: object): Promise<Tokenizer> {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(buildTokenizer('qwen', false).json));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return (await Tokenizer.load(folder))!;
}

let chat: Tokenizer;
let base: Tokenizer;
let bare: Tokenizer;
beforeAll(async () => {
  const tokens = { bos_token: '<|begin|>', eos_token: '<|begin|>' };
  chat = await tokenizerWith({ ...tokens, chat_template: TEMPLATE });
  base = await tokenizerWith({ ...tokens, add_bos_token: true });
  bare = await tokenizerWith({});
});

const slate: Slate = {
  id: 'q1',
  prompt: 'the cat',
  responses: [
    { id: 'a', text: "isn't there" },
    { id: 'b', text: 'façade' },
  ],
};
const encode = (tokenizer: Tokenizer, options: EncodingOptions = {}, of = slate, context = 1000) =>
  new SlateEncoder(tokenizer, context, options).encode(of);

describe('prompt', () => {
  test('a chat template renders the prompt as one user turn, or the messages, and opens the answer', () => {
    expect(chat.decode(encode(chat).promptIds)).toBe('user: the cat<|end|>assistant: ');
    const messages = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'Q' },
    ];
    const { prompt: _, ...rest } = slate;
    expect(chat.decode(encode(chat, {}, { ...rest, messages }).promptIds)).toBe(
      'system: S<|end|>user: Q<|end|>assistant: ',
    );
    const replaced = encode(chat, { system: 'T' }, { ...rest, messages });
    expect(chat.decode(replaced.promptIds)).toBe('system: T<|end|>user: Q<|end|>assistant: ');
  });

  test('raw: text after BOS if the tokenizer adds one', () => {
    expect(base.decode(encode(base).promptIds)).toBe('<|begin|>the cat');
    expect(bare.decode(encode(bare, { end: 'none' }).promptIds)).toBe('the cat');
    expect(chat.decode(encode(chat, { template: 'raw' }).promptIds)).toBe('the cat');
    expect(base.decode(encode(base, { system: 'Be kind.' }).promptIds)).toBe('<|begin|>Be kind.\n\nthe cat');
  });

  test('a template given as text goes before the tokenizer’s own', () => {
    const jinja = '{{ bos_token }}{% for m in messages %}[{{ m.content }}]<|end|>x{% endfor %}';
    expect(chat.decode(encode(chat, { template: { jinja } }).promptIds)).toBe('<|begin|>[the cat]<|end|>x');
  });

  test('an empty prompt needs BOS', () => {
    const empty = { ...slate, prompt: '' };
    expect(encode(base, {}, empty).promptIds).toEqual([base.bosId]);
    expect(() => encode(bare, { end: 'none' }, empty)).toThrow(/query "q1": the prompt is empty/);
  });
});

describe('responses', () => {
  test('ids of the text alone, then the end; tokens count the end, bytes the text', () => {
    const { responses } = encode(chat);
    expect(chat.decode(responses[0]!.ids)).toBe("isn't there<|end|>");
    expect(responses[0]!.ids.slice(0, -1)).toEqual(chat.encode("isn't there"));
    expect(responses[1]).toMatchObject({ tokens: responses[1]!.ids.length, bytes: 7 });
  });

  test('the end is the template’s end of turn, else EOS, else an error; or none', () => {
    expect(chat.decode([new SlateEncoder(chat, 100).endId!])).toBe('<|end|>');
    expect(new SlateEncoder(chat, 100, { template: 'raw' }).endId).toBe(chat.eosId);
    const plain = '{% for m in messages %}{{ m.content }} {% endfor %}';
    expect(new SlateEncoder(chat, 100, { template: { jinja: plain } }).endId).toBe(chat.eosId);
    expect(new SlateEncoder(base, 100).endId).toBe(base.eosId);
    expect(base.decode(encode(base, { end: 'none' }).responses[1]!.ids)).toBe('façade');
    expect(() => new SlateEncoder(bare, 100)).toThrow(/no EOS token/);
  });

  test('a response without text is refused', () => {
    const empty = { ...slate, responses: [{ id: 'e', text: '' }] };
    expect(() => encode(base, {}, empty)).toThrow(/query "q1", response "e": has no tokens/);
  });
});

describe('context', () => {
  const whole = () => encode(base);
  const longest = () => Math.max(...whole().responses.map(({ tokens }) => tokens));

  test('what just fits is left alone', () => {
    const context = whole().promptIds.length + longest();
    expect(encode(base, {}, slate, context)).toEqual(whole());
  });

  test('overflow names query, response and numbers', () => {
    const context = whole().promptIds.length + longest() - 1;
    const message = new RegExp(`query "q1", response "b": .*${longest()} response tokens.*context is ${context}`);
    expect(() => encode(base, {}, slate, context)).toThrow(message);
    try {
      encode(base, {}, slate, context);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect(error).toMatchObject({ code: 'CONTEXT_OVERFLOW' });
    }
  });

  test('truncate cuts the prompt from the left, keeps BOS, and counts', () => {
    const { promptIds, responses } = whole();
    const cut = encode(base, { onOverflow: 'truncate' }, slate, 2 + longest());
    expect(cut).toEqual({ promptIds: [base.bosId, promptIds.at(-1)], responses, truncated: promptIds.length - 2 });
    const raw = encode(bare, { onOverflow: 'truncate', end: 'none' }, slate, 1 + longest() - 1);
    expect(raw.promptIds).toEqual(bare.encode('the cat').slice(-1));
  });

  test('truncate never cuts a response', () => {
    expect(() => encode(base, { onOverflow: 'truncate' }, slate, longest())).toThrow(/never cut/);
  });
});

test('the identity covers tokenizer, template, system prompt, end and, where it shows, the date', () => {
  const of = (tokenizer: Tokenizer, options: EncodingOptions = {}) =>
    new SlateEncoder(tokenizer, 100, options).identity;
  const dated = { jinja: `{% if false %}{{ strftime_now('%Y') }}{% endif %}${TEMPLATE}` };
  const identities = [
    of(chat),
    of(base),
    of(chat, { template: 'raw' }),
    of(chat, { system: 'S' }),
    of(chat, { end: 'none' }),
    of(chat, { template: dated, date: new Date('2026-01-01') }),
    of(chat, { template: dated, date: new Date('2026-01-02') }),
  ];
  expect(new Set(identities).size).toBe(identities.length);
  expect(of(chat, { template: { jinja: TEMPLATE } })).toBe(of(chat, { date: new Date(0), onOverflow: 'truncate' }));
});
