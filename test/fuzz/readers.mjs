/**
 * libFuzzer targets in JavaScript: the readers of files that come from anybody. Whatever the bytes are, there is a result that keeps
 * its promises, or a PopeError of one line, and no prototype has changed.
 *
 *     node readers.mjs NAME FOLDER [arguments of libFuzzer]
 *
 * FOLDER is what scripts/fuzz-readers.mjs made: instrumented copies of dist/ and of packages, and libFuzzer as an addon.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, script, name, folder, ...libFuzzer] = process.argv;
const module = (path) => import(pathToFileURL(join(folder, 'dist', path)).href);
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** What each makes of bytes: `reader()` loads it, and gives a function that throws where a promise is broken. */
const READERS = {
  async safetensors() {
    const { parseSafetensorsHeader } = await module('models/safetensors.js');
    // Two bytes for how much follows the header, then the header.
    return (bytes) => {
      if (bytes.length < 2) return;
      const fileBytes = 8 + bytes.length - 2 + bytes.readUInt16LE(0);
      let end = 8 + bytes.length - 2;
      const entries = [...parseSafetensorsHeader('fuzzed', bytes.subarray(2), fileBytes).values()];
      for (const entry of entries.sort((a, b) => a.start - b.start || a.end - b.end)) {
        if (entry.start !== end || entry.end < end)
          throw new Error(`accepted the range [${entry.start}, ${entry.end})`);
        end = entry.end;
      }
      if (end !== fileBytes) throw new Error(`accepted ${end} bytes of ${fileBytes}`);
    };
  },
  async index() {
    const { parseIndex } = await module('models/checkpoint.js');
    return (bytes) => {
      for (const shard of Object.values(parseIndex('fuzzed', utf8.decode(bytes)))) {
        if (join(folder, shard) !== `${folder}/${shard}`) throw new Error(`accepted the shard ${shard}`);
      }
    };
  },
  async config() {
    const [{ parseModelConfig }, { parseAnyJson }] = [await module('models/config.js'), await module('models/json.js')];
    return (bytes) => parseModelConfig('fuzzed', parseAnyJson('fuzzed', utf8.decode(bytes)));
  },
  async tokenizer() {
    const [{ tokenizerSchema }, { tokenizerLimit }, { createTokenizer }, { parseJson }] = [
      await module('models/tokenizer-schema.js'),
      await module('models/tokenizer-limits.js'),
      await module('models/create-tokenizer.js'),
      await module('models/json.js'),
    ];
    return (bytes) => {
      const json = parseJson('fuzzed', utf8.decode(bytes), tokenizerSchema);
      const limit = tokenizerLimit('fuzzed', json);
      const tokenizer = createTokenizer('fuzzed', json, {});
      // Short, so that a pattern that takes exponential time ends; those that do not are among the hostile files.
      for (const text of ['aab 12', '\ufeff\u0085 \u{1f333}\n']) {
        const { ids } = limit(text, () => tokenizer.encode(text, { add_special_tokens: true }));
        const known = ids.filter((id) => id !== undefined);
        const decoded = limit(text, () => tokenizer.decode(known, { skip_special_tokens: false }));
        if (typeof decoded !== 'string') throw new Error(`decoded to ${typeof decoded}`);
      }
    };
  },
  async template() {
    const { ChatTemplate } = await module('models/chat-template.js');
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: ' Because. ' },
    ];
    const tokens = { bos_token: '<s>', eos_token: '</s>' };
    return (bytes) => {
      const template = new ChatTemplate(utf8.decode(bytes), 'fuzzed', tokens, new Date(0));
      const text = template.render(messages, true);
      if (text.length > 1 << 23) throw new Error(`rendered ${text.length} characters`);
    };
  },
  async rows() {
    const [{ parseSlate }, { decodeLine }] = [await module('data/schema.js'), await module('data/lines.js')];
    return (bytes) => {
      const line = { number: 1, bytes, length: bytes.length };
      const slate = parseSlate(decodeLine(line, { kind: 'LOG', name: 'fuzzed' }), 'fuzzed:1');
      // What was read can be written, and read again as the same.
      const written = JSON.stringify(slate);
      const again = JSON.stringify(parseSlate(written, 'written and read again'));
      if (again !== written) throw new Error('a row changes when it is written and read again');
    };
  },
};

/** What an input must leave as it is. */
const prototypes = [Object, Array, Function, String, Map, Promise].map(({ prototype }) => prototype);
const ownNames = () => prototypes.reduce((sum, prototype) => sum + Object.getOwnPropertyNames(prototype).length, 0);

const counters = new Uint8Array(Number(readFileSync(join(folder, 'counters'), 'utf8')));
globalThis.fuzzCounters = counters;
const { PopeError } = await module('errors.js');
const read = await READERS[name]();
const namesBefore = ownNames();
const fuzz = createRequire(import.meta.url)(join(folder, 'fuzz.node'));

function target(bytes) {
  try {
    read(bytes);
  } catch (error) {
    if (!(error instanceof PopeError)) fail('not a PopeError', error);
    if (/[\n\r]/.test(error.message)) fail('a message of several lines', error);
  }
  if (ownNames() !== namesBefore) fail('a prototype was changed');
}

function fail(what, error) {
  console.error(`${name}: ${what}:`, error);
  process.abort();
}

// libFuzzer starts itself again to merge corpora, through a shell.
fuzz(
  [[process.execPath, ...process.execArgv, script, name, folder].map((part) => `'${part}'`).join(' '), ...libFuzzer],
  target,
  counters,
);
