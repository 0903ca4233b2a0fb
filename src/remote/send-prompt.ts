import type { Tokenizer } from '../models/tokenizer.js';

/** How a prompt is sent: as token ids; as their text; as text without BOS, for servers that put one in front of texts. */
export const SENDINGS = ['ids', 'text', 'text-without-bos'] as const;
export type Sending = (typeof SENDINGS)[number];

export function sentPrompt(ids: readonly number[], sending: Sending, tokenizer: Tokenizer): readonly number[] | string {
  if (sending === 'ids') return ids;
  return tokenizer.decode(sending === 'text-without-bos' && ids[0] === tokenizer.bosId ? ids.slice(1) : ids);
}
