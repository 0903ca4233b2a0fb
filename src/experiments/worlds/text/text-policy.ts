import type { Slate } from '../../../data/slate.js';
import { DataError, describeValue } from '../../../errors.js';
import type { Policy, PolicyIdentity, SlateScores } from '../../../policy/policy.js';
import type { TextRole } from './roles.js';
import type { TextWorld } from './text-world.js';

/** A policy of a text world: computes its exact densities. */
export class TextPolicy implements Policy {
  readonly id: string;
  readonly identity: PolicyIdentity;
  readonly #world: TextWorld;
  readonly #role: TextRole;

  constructor(world: TextWorld, role: TextRole) {
    this.#world = world;
    this.#role = role;
    const policy = `text-${world.name}-${role}`;
    this.identity = { policy, model: null, tokenizer: null, temperature: 1, dtype: 'f64' };
    this.id = `${policy}-${world.seed}`;
  }

  /** @throws DataError NOT_OF_THIS_WORLD for a query that the world lacks or a text that the policy never writes */
  async *score(slates: AsyncIterable<Slate> | Iterable<Slate>): AsyncIterable<SlateScores> {
    for await (const slate of slates) {
      const responses = slate.responses.map(({ id, text }) => {
        const logprob = this.#world.logProb(this.#role, slate.id, text);
        if (logprob === Number.NEGATIVE_INFINITY) {
          throw new DataError(
            'NOT_OF_THIS_WORLD',
            `query ${describeValue(slate.id)}, response ${describeValue(id)}: ${this.id} never writes this; ` +
              'give a log of this world',
          );
        }
        const tokens = this.#world.tokens(text);
        return { response: id, logprob, tokens, bytes: Buffer.byteLength(text), entropy: null, key: null };
      });
      yield { query: slate.id, responses };
    }
  }
}
