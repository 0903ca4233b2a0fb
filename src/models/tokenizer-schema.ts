import { z } from 'zod';

/** Checks large tables by hand: a schema object per entry would take a second for 300,000 merges. */
const vocabulary = z.custom<Record<string, number>>().superRefine((vocab: unknown, context) => {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) {
    context.addIssue({ code: 'custom', message: 'expected an object of token ids' });
    return;
  }
  const seen = new Set<number>();
  for (const [token, id] of Object.entries(vocab)) {
    const problem =
      !Number.isInteger(id) || id < 0 || id >= 2 ** 31
        ? 'expected a token id'
        : seen.has(id)
          ? 'expected an id of its own'
          : null;
    if (problem) {
      context.addIssue({ code: 'custom', path: [token], message: problem });
      return;
    }
    seen.add(id);
  }
});

/** Merges are written as "left right" or as ["left", "right"]; one file uses one form. */
const merges = z.custom<string[] | [string, string][]>().superRefine((list: unknown, context) => {
  if (!Array.isArray(list)) {
    context.addIssue({ code: 'custom', message: 'expected an array' });
    return;
  }
  const pairs = Array.isArray(list[0]);
  const isMerge = pairs
    ? (merge: unknown) =>
        Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string' && part !== '')
    : (merge: unknown) => typeof merge === 'string' && /^[^ ]+ [^ ]+$/.test(merge);
  const broken = list.findIndex((merge) => !isMerge(merge));
  if (broken >= 0) {
    const expected = pairs ? 'a pair of strings like the first' : 'two strings with a space between';
    context.addIssue({ code: 'custom', path: [broken], message: `expected ${expected}` });
  }
});

const splitPattern = z.union([z.looseObject({ Regex: z.string() }), z.looseObject({ String: z.string() })]);

/** A pre-tokenizer: of `Split` the pattern is checked, because without one every text would become no tokens at all. */
const preTokenizer: z.ZodType<{ type: string }> = z.looseObject({
  type: z.string(),
  pattern: splitPattern.optional(),
  get pretokenizers() {
    return z.array(preTokenizer).optional();
  },
});

const model = z
  .looseObject({
    type: z.enum(['BPE', 'WordPiece']).optional(),
    vocab: vocabulary,
    merges: merges.optional(),
    unk_token: z.string().nullish(),
    byte_fallback: z.boolean().nullish(),
  })
  .superRefine((model, context) => {
    const needed = model.type === 'WordPiece' ? 'unk_token' : 'merges';
    if (model[needed] == null) context.addIssue({ code: 'custom', path: [needed], message: 'is missing' });
  });

/** tokenizer.json: byte-level and SentencePiece-like BPE, and the WordPiece of BERT. */
export const tokenizerSchema = z.looseObject({
  model,
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string().min(1) })).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullable().default(null),
  pre_tokenizer: preTokenizer.nullable().default(null),
  post_processor: z.looseObject({ type: z.string() }).nullable().default(null),
  decoder: z.looseObject({ type: z.string() }).nullable().default(null),
});
