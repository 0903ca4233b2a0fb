/**
 * A slow, obvious BPE, the reference for tokenizers: added tokens are cut out first, text is split by hand-written rules
 * (split-rules.ts), and every piece is merged by looking for the best pair again and again.
 */
export interface SlowBpe {
  vocab: Record<string, number>;
  /** Best first. */
  merges: [string, string][];
  ignoreMerges: boolean;
  addedTokens: Record<string, number>;
  normalize: (text: string) => string;
  /** Cuts text into pieces; together they are the text. */
  split: (text: string) => string[];
  /** What merging starts from: the characters of a piece, or its bytes (toByteCharacters). */
  units: (piece: string) => string[];
  /** Whether a part that is no token is written as tokens <0x00> to <0xFF>. */
  byteFallback: boolean;
}

/** GPT-2's printable character for every byte (openai/gpt-2, encoder.py, bytes_to_unicode). */
export const BYTE_CHARACTERS: string[] = (() => {
  const printable = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCodePoint(printable(b) ? b : next++));
})();

export function toByteCharacters(text: string): string[] {
  return [...Buffer.from(text, 'utf8')].map((byte) => BYTE_CHARACTERS[byte]!);
}

function mergePiece(bpe: SlowBpe, piece: string): string[] {
  let parts = bpe.units(piece);
  if (bpe.ignoreMerges && Object.hasOwn(bpe.vocab, parts.join(''))) return [parts.join('')];
  for (;;) {
    let best = -1;
    let rank = bpe.merges.length;
    for (let i = 0; i + 1 < parts.length; i++) {
      const found = bpe.merges.findIndex(([left, right]) => left === parts[i] && right === parts[i + 1]);
      if (found >= 0 && found < rank) [best, rank] = [i, found];
    }
    if (best < 0) return parts;
    parts = [...parts.slice(0, best), parts[best]! + parts[best + 1]!, ...parts.slice(best + 2)];
  }
}

function idsOf(bpe: SlowBpe, part: string): number[] {
  if (Object.hasOwn(bpe.vocab, part) || !bpe.byteFallback) return [bpe.vocab[part]!];
  return [...Buffer.from(part)].map((byte) => bpe.vocab[byteToken(byte)]!);
}

/** The name of a byte in a vocabulary with byte fallback. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

export function slowEncode(bpe: SlowBpe, text: string): number[] {
  const ids: number[] = [];
  const encodePlain = (plain: string) => {
    if (plain === '') return;
    for (const piece of bpe.split(bpe.normalize(plain))) {
      for (const part of mergePiece(bpe, piece)) ids.push(...idsOf(bpe, part));
    }
  };
  let plain = '';
  for (let i = 0; i < text.length; ) {
    const here = Object.keys(bpe.addedTokens).filter((token) => text.startsWith(token, i));
    const added = here.sort((a, b) => b.length - a.length)[0];
    if (added === undefined) {
      plain += text[i++];
      continue;
    }
    encodePlain(plain);
    plain = '';
    ids.push(bpe.addedTokens[added]!);
    i += added.length;
  }
  encodePlain(plain);
  return ids;
}
