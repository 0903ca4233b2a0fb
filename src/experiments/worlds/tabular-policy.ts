import type { Slate } from '../../data/slate.js';
import { DataError, describeValue } from '../../errors.js';
import type { Policy, PolicyIdentity, SlateScores } from '../../policy/policy.js';
import { type Candidate, promptOf, type TabularWorld } from './tabular.js';

/** A policy of a tabular world: looks its probabilities up. */
export class TabularPolicy implements Policy {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly #role: 'target' | 'logging';
  readonly #candidates: Map<string, Candidate>;

  constructor(world: TabularWorld, role: 'target' | 'logging') {
    this.#role = role;
    this.identity = { policy: `tabular-${role}`, model: null, tokenizer: null, temperature: 1, dtype: 'f64' };
    this.id = `tabular-${role}-${world.seed}`;
    this.#candidates = new Map(
      world.contexts.flatMap((candidates, context) =>
        candidates.map((candidate): [string, Candidate] => [key(promptOf(context), candidate.text), candidate]),
      ),
    );
  }

  async *score(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<SlateScores> {
    for await (const slate of slates) {
      const responses = slate.responses.map(({ id, text }) => {
        const candidate = this.#candidates.get(key(slate.prompt ?? '', text));
        if (!candidate) {
          throw new DataError(
            'NOT_OF_THIS_WORLD',
            `query ${describeValue(slate.id)}, response ${describeValue(id)}: this tabular world has no such response; ` +
              'give the log that was simulated with the same options',
          );
        }
        return {
          response: id,
          logprob: this.#role === 'target' ? candidate.targetLogProb : candidate.loggingLogProb,
          tokens: candidate.tokens,
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
