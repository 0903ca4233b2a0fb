import type { Slate } from '../../data/slate.js';
import { DataError, describeValue } from '../../errors.js';
import type { Policy, PolicyIdentity, SlateScores } from '../../policy/policy.js';

/** How likely a policy of a tabular world is to write one response to one prompt. */
export interface TabularEntry {
  prompt: string;
  text: string;
  /** Nats. */
  logprob: number;
  tokens: number;
}

/** A policy of a tabular world: looks its probabilities up. */
export class TabularPolicy implements Policy {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly #entries: ReadonlyMap<string, TabularEntry>;

  /** @param seed of the world */
  constructor(role: 'target' | 'logging', seed: number, entries: readonly TabularEntry[]) {
    this.identity = { policy: `tabular-${role}`, model: null, tokenizer: null, temperature: 1, dtype: 'f64' };
    this.id = `tabular-${role}-${seed}`;
    this.#entries = new Map(entries.map((entry) => [key(entry.prompt, entry.text), entry]));
  }

  async *score(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<SlateScores> {
    for await (const slate of slates) {
      const responses = slate.responses.map(({ id, text }) => {
        const entry = this.#entries.get(key(slate.prompt ?? '', text));
        if (!entry) {
          throw new DataError(
            'NOT_OF_THIS_WORLD',
            `query ${describeValue(slate.id)}, response ${describeValue(id)}: this tabular world has no such response; ` +
              'give the log that was simulated with the same options',
          );
        }
        return {
          response: id,
          logprob: entry.logprob,
          tokens: entry.tokens,
          bytes: Buffer.byteLength(text),
          entropy: null,
          key: null,
        };
      });
      yield { query: slate.id, responses };
    }
  }
}

function key(prompt: string, text: string): string {
  return `${prompt}\n${text}`;
}
