import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DataError } from '../errors.js';
import { createTokenizer } from './create-tokenizer.js';
import { hashFiles } from './hash-files.js';
import { parseJson, readOptionalJson, readOptionalText } from './json.js';
import type { LibraryTokenizer } from './library-tokenizer.js';
import { type Limit, tokenizerLimit } from './tokenizer-limits.js';
import { tokenizerSchema } from './tokenizer-schema.js';

/** A special token is written as its text, or as an object with it. */
const specialToken = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const specialTokens = z.looseObject({
  bos_token: specialToken,
  eos_token: specialToken,
  pad_token: specialToken,
  unk_token: specialToken,
  cls_token: specialToken,
  sep_token: specialToken,
});
const namedTemplate = z.looseObject({ name: z.string(), template: z.string() });
const configSchema = specialTokens.extend({
  add_bos_token: z.boolean().nullish(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
  clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: z.boolean().nullish(),
  chat_template: z.union([z.string(), z.array(namedTemplate)]).nullish(),
});
const tokenId = z.int().nonnegative();
const generationSchema = z.looseObject({
  bos_token_id: tokenId.nullish(),
  eos_token_id: z.union([tokenId, z.array(tokenId)]).nullish(),
});

const FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'generation_config.json',
  'chat_template.jinja',
];
const SPECIAL_TOKENS = ['bos_token', 'eos_token', 'pad_token', 'unk_token', 'cls_token', 'sep_token'] as const;
type SpecialToken = (typeof SPECIAL_TOKENS)[number];

/** The tokenizer of a Hugging Face model folder. */
export class Tokenizer {
  /** Beginning of text, or null. */
  readonly bosId: number | null;
  /** End of text, or null. */
  readonly eosId: number | null;
  /** All tokens that end a text, of which generation_config.json may name several; `eosId` is the first. */
  readonly eosIds: readonly number[];
  /** Whether raw text begins with `bosId`: tokenizer_config's `add_bos_token`, else what the post-processor does. */
  readonly addsBos: boolean;

  private constructor(
    /** Path of tokenizer.json, for messages. */
    readonly path: string,
    /** `sha256:` of the tokenizer's files. */
    readonly hash: string,
    /** Jinja source of the chat template, or null. */
    readonly chatTemplate: string | null,
    /** Texts of `bos_token`, `eos_token` and the other special tokens, as far as the files name them. */
    readonly specialTokens: Readonly<Record<string, string>>,
    private readonly tokenizer: LibraryTokenizer,
    private readonly limit: Limit,
    /** Whether white space has no tokens, as in WordPiece. */
    private readonly dropsSpaces: boolean,
    addBos: boolean | null,
    generation: z.infer<typeof generationSchema> | null,
  ) {
    this.bosId = this.idOf('bos_token') ?? generation?.bos_token_id ?? null;
    const named = this.idOf('eos_token');
    this.eosIds = [...new Set([named ?? [], generation?.eos_token_id ?? []].flat())];
    this.eosId = this.eosIds[0] ?? null;
    const prefixed =
      limit('a', () => tokenizer.encode('a')).ids[0] === this.bosId && this.encode('a')[0] !== this.bosId;
    this.addsBos = this.bosId !== null && (addBos ?? prefixed);
  }

  /**
   * Loads tokenizer.json with tokenizer_config.json, special_tokens_map.json, generation_config.json and
   * chat_template.jinja beside it.
   *
   * @returns null when the folder has no tokenizer.json
   * @throws DataError `INVALID_JSON` or `INVALID_TOKENIZER` naming file and field
   */
  static async load(folder: string): Promise<Tokenizer | null> {
    const path = join(folder, 'tokenizer.json');
    const text = await readOptionalText(path);
    if (text === null) return null;
    const json = parseJson(path, text, tokenizerSchema);
    const limit = tokenizerLimit(path, json);
    const configPath = join(folder, 'tokenizer_config.json');
    const config = await readOptionalJson(configPath, configSchema);
    const map = await readOptionalJson(join(folder, 'special_tokens_map.json'), specialTokens);
    const generation = await readOptionalJson(join(folder, 'generation_config.json'), generationSchema);
    const texts: Record<string, string> = {};
    for (const key of SPECIAL_TOKENS) {
      const token = config?.[key] ?? map?.[key];
      if (token != null) texts[key] = typeof token === 'string' ? token : token.content;
    }
    // As the published libraries now do, decoding leaves spaces before punctuation as they are unless asked for, and those of
    // BPE, which a model wrote on purpose, unless asked for by a longer name: files of BPE often ask by mistake.
    const cleansBpe = config?.clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output ?? false;
    const clean = (config?.clean_up_tokenization_spaces ?? false) && (json.model.type === 'WordPiece' || cleansBpe);
    const tokenizer = createTokenizer(path, json, { ...config, clean_up_tokenization_spaces: clean });
    const templateFile = await readOptionalText(join(folder, 'chat_template.jinja'));
    const present = new Set(await readdir(folder));
    const hash = await hashFiles(FILES.filter((name) => present.has(name)).map((name) => join(folder, name)));
    const template = templateFile ?? defaultTemplate(configPath, config?.chat_template ?? null);
    const dropsSpaces = json.model.type === 'WordPiece';
    const addBos = config?.add_bos_token ?? null;
    const loaded = new Tokenizer(path, hash, template, texts, tokenizer, limit, dropsSpaces, addBos, generation);
    for (const [key, content] of Object.entries(texts)) {
      if (tokenizer.token_to_id(content) === undefined) {
        throw new DataError('INVALID_TOKENIZER', `${configPath}: field "${key}": "${content}" is not in ${path}`);
      }
    }
    return loaded;
  }

  /**
   * Token ids of a text, without the tokens that a post-processor would add. Special tokens written out in the text
   * become their ids, as in the published libraries.
   */
  encode(text: string): number[] {
    if (text === '') return [];
    const { ids } = this.limit(text, () => this.tokenizer.encode(text, { add_special_tokens: false }));
    if ((ids.length === 0 && !this.dropsSpaces) || ids.includes(undefined)) {
      throw new DataError(
        'UNKNOWN_TOKEN',
        `${this.path}: has no token for a part of ${JSON.stringify(text.slice(0, 60))}`,
      );
    }
    return ids as number[];
  }

  /** The text of token ids; special tokens are written out unless `skipSpecial`. */
  decode(ids: readonly number[], options: { skipSpecial?: boolean } = {}): string {
    if (ids.length === 0) return '';
    return this.limit(ids.join(' '), () =>
      this.tokenizer.decode([...ids], { skip_special_tokens: options.skipSpecial ?? false }),
    );
  }

  /** Whether an id is one of the added tokens, which are never parts of ordinary words. */
  isAdded(id: number): boolean {
    return this.tokenizer.get_added_tokens_decoder().has(id);
  }

  /** Id of a special token that the files name, else null. */
  specialId(key: SpecialToken): number | null {
    return this.idOf(key) ?? null;
  }

  private idOf(key: SpecialToken): number | undefined {
    const content = this.specialTokens[key];
    return content === undefined ? undefined : this.tokenizer.token_to_id(content);
  }
}

/** tokenizer_config.json holds one template, or several with names, of which "default" is for chats. */
function defaultTemplate(path: string, template: z.infer<typeof configSchema>['chat_template']): string | null {
  if (template == null || typeof template === 'string') return template ?? null;
  const found = template.find(({ name }) => name === 'default');
  if (found) return found.template;
  const names = template.map(({ name }) => `"${name}"`).join(', ');
  throw new DataError(
    'INVALID_TOKENIZER',
    `${path}: field "chat_template": expected one named "default", got ${names}`,
  );
}
