import { readFileSync } from 'node:fs';
import { type Content, type Family, fixturePath, magnitude, pick, SCORE_MODEL } from './case.js';

interface TokenizerJson {
  [field: string]: unknown;
  model: Record<string, unknown> & { vocab: Record<string, unknown> };
}

const tokenizer = JSON.parse(readFileSync(fixturePath('byte-tokenizer/tokenizer.json'), 'utf8')) as TokenizerJson;

const made = (name: string, json: Content, text = 'Count!') => ({
  name: `tokenizer: ${name}`,
  model: 'llama3-tiny',
  files: {
    'model/tokenizer.json': json,
    'log.jsonl': `${JSON.stringify({ id: 'q', prompt: text, responses: [{ id: 'a', text: 'b' }] })}\n`,
  },
  command: SCORE_MODEL,
  codes: /^(INVALID_TOKENIZER|INVALID_JSON|UNKNOWN_TOKEN|TOKEN_OUT_OF_RANGE|UNREADABLE_FILE)$/,
});

const split = (pattern: object) => ({ type: 'Split', pattern, behavior: 'Isolated', invert: false });
const byteLevel = tokenizer.pre_tokenizer;
const SLOW = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){20}$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(?:a*)*b', '((a?){30})+$'];

/** tokenizer.json: patterns that do not end, replacements that grow, tables that lie. */
export const tokenizers: Family = (random, i) => {
  const changed = structuredClone(tokenizer);
  const { model } = changed;
  switch (i % 12) {
    case 0: {
      const pattern = SLOW[(i / 12) % SLOW.length]!;
      changed.pre_tokenizer = { type: 'Sequence', pretokenizers: [split({ Regex: pattern }), byteLevel] };
      return made(`the pattern ${pattern}`, changed, `${'a'.repeat(40 + random.integer(40))}!`);
    }
    case 1: {
      const pattern = SLOW[Math.floor(i / 12) % SLOW.length]!;
      changed.normalizer = { type: 'Replace', pattern: { Regex: pattern }, content: 'b' };
      return made(`a replacement of ${pattern}`, changed, `${'a'.repeat(40 + random.integer(40))}!`);
    }
    case 2: {
      const doubling = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
      changed.normalizer = { type: 'Sequence', normalizers: Array(7 + magnitude(random, 10)).fill(doubling) };
      return made('replacements that double', changed, 'a');
    }
    case 3:
      changed.normalizer = { type: 'Replace', pattern: { Regex: '' }, content: 'x'.repeat(64 + magnitude(random, 20)) };
      return made('a replacement of nothing', changed);
    case 4: {
      const deep = 20 + random.integer(70);
      let normalizer: object = { type: 'Replace', pattern: { String: 'a' }, content: 'a'.repeat(1000) };
      for (let n = 0; n < deep; n++) normalizer = { type: 'Sequence', normalizers: [normalizer, { type: 'NFC' }] };
      changed.normalizer = normalizer;
      return made('a replacement in sequences', changed);
    }
    case 5:
      model.vocab[pick(random, ['A', 'a', '!'])] = pick<unknown>(random, [-1, 1.5, '7', null, 1e300, [], {}, true]);
      return made('an id that is none', changed);
    case 6:
      model.vocab[pick(random, ['A', 'a', '!'])] = 7;
      return made('an id of two tokens', changed);
    case 7:
      model.merges = pick<unknown>(random, [
        [['a']],
        ['a b c d'],
        [7],
        'a b',
        { 0: 'a b' },
        [['a', 'b'], 'c d'],
        [null],
        [''],
      ]);
      return made('merges that are none', changed);
    case 8:
      model.type = pick(random, ['Unigram', 'WordLevel', '__proto__', '', 'x'.repeat(1000)]);
      return made('a model that is not known', changed);
    case 9:
      Object.assign(model, {
        type: 'WordPiece',
        unk_token: '!',
        max_input_chars_per_word: 1001 + magnitude(random, 50),
      });
      return made('words without end', changed, 'a'.repeat(1 << 20));
    case 10:
      changed.pre_tokenizer = split(
        pick<object>(random, [
          { Regex: '(' },
          { Regex: '[z-a]' },
          { Regex: '(?<a' },
          {},
          { String: 7 },
          { Regex: '\\p{Nonsense}' },
        ]),
      );
      return made('a pattern that is none', changed);
    default: {
      const lost = pick(
        random,
        Object.keys(model.vocab).filter((token) => token.length === 1),
      );
      delete model.vocab[lost];
      return made('a vocabulary with a hole', changed);
    }
  }
};
