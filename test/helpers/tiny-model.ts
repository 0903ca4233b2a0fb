import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const models = fileURLToPath(new URL('../fixtures/models/', import.meta.url));

/**
 * A copy of a fixture model with a tokenizer of its own: one token per byte, in a vocabulary of 256. Bytes 254 and 255
 * occur in no UTF-8 text; their ids are those of `<s>`, with which a prompt begins, and `</s>`, with which a response ends.
 *
 * @param chatTemplate Jinja source for tokenizer_config.json
 * @returns the folder
 */
export async function tinyModel(name = 'llama3-tiny', chatTemplate?: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'pope-model-')), basename(name));
  await cp(join(models, name), folder, { recursive: true });
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const vocab = Object.fromEntries(byteCharacters().map((character, byte) => [character, byte]));
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(254, '<s>'), special(255, '</s>')],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: 'BPE', dropout: null, unk_token: null, vocab, merges: [] },
  };
  const config = {
    bos_token: '<s>',
    eos_token: '</s>',
    add_bos_token: true,
    ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}

/** The printable stand-ins that byte-level BPE (GPT-2) writes for the bytes 0 to 253. */
function byteCharacters(): string[] {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 256;
  return Array.from({ length: 254 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
