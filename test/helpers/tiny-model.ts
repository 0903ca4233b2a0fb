import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/**
 * A copy of a fixture model with the tokenizer of fixtures/byte-tokenizer: one token per byte, in a vocabulary of 256. Bytes 254 and 255
 * occur in no UTF-8 text; their ids are those of `<s>`, with which a prompt begins, and `</s>`, with which a response ends.
 *
 * @param chatTemplate Jinja source for tokenizer_config.json
 * @returns the folder
 */
export async function tinyModel(name = 'llama3-tiny', chatTemplate?: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'pope-model-')), basename(name));
  await cp(join(fixtures, 'models', name), folder, { recursive: true });
  await cp(join(fixtures, 'byte-tokenizer'), folder, { recursive: true });
  if (chatTemplate !== undefined) {
    const file = join(folder, 'tokenizer_config.json');
    const config = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...config, chat_template: chatTemplate }));
  }
  return folder;
}
