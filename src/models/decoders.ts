import { TextDecoder } from 'node:util';
import type { LibraryDecoder, StepConfig } from './library-tokenizer.js';
import { prependScheme } from './pre-tokenizers.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Makes the library's decoder write texts as the reference implementation does. */
export function mendDecoder(node: LibraryDecoder | null, config: StepConfig): void {
  if (node === null || config === null) return;
  const inner = config.decoders as StepConfig[] | undefined;
  for (const [i, each] of node.decoders?.entries() ?? []) mendDecoder(each, inner![i]!);
  if (config.type === 'ByteFallback') node.decode_chain = decodeBytes;
  if (config.type === 'Metaspace') {
    const mark = String(config.replacement ?? '\u2581');
    const first = prependScheme(config) === 'never' ? ' ' : '';
    node.decode_chain = (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 ? first : ' '));
  }
}

/** Tokens of bytes that follow each other are UTF-8, or else a replacement character for each byte. */
function decodeBytes(tokens: readonly string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) texts.push(textOf(bytes));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte) {
      bytes.push(Number.parseInt(byte[1]!, 16));
    } else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function textOf(bytes: readonly number[]): string {
  try {
    return UTF8.decode(Uint8Array.from(bytes));
  } catch {
    return '\ufffd'.repeat(bytes.length);
  }
}
