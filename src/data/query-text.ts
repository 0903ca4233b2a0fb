import type { Slate } from './slate.js';

/** What a query asks, as plain text: its prompt, or the contents of its messages with an empty line between. */
export function queryText({ prompt, messages }: Pick<Slate, 'prompt' | 'messages'>): string {
  return prompt ?? (messages ?? []).map(({ content }) => content).join('\n\n');
}
