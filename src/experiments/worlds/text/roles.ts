/** @file The policies of a text world whose densities are known. */
import { Grammar } from './grammar.js';
import type { Language } from './language.js';
import type { TextQuery } from './queries.js';
import { BASE, type GrammarParameters, MISTAKEN, TARGET, type WorldParameters } from './worlds.js';

/**
 * `base` is a broad mixture, `logging` is pi0, `target` is better than it. `human` answers in the people's proportions with
 * the best quality and no mistake, `mode` the same with the largest group's opinion only.
 */
export type TextRole = 'base' | 'logging' | 'target' | 'human' | 'mode';

export const TEXT_ROLES: readonly TextRole[] = ['base', 'logging', 'target', 'human', 'mode'];

/** The grammar of every role; `logged` is what the log says of the logging policy. */
export function makeGrammars(language: Language, world: WorldParameters): Record<TextRole | 'logged', Grammar> {
  const people = ({ groups }: TextQuery) => groups.map(({ share }) => share);
  const evenly = ({ groups }: TextQuery) => groups.map(() => 1 / groups.length);
  const largest = ({ groups }: TextQuery) => groups.map((_, group) => (group === 0 ? 1 : 0));
  const ideal = idealParameters(world);
  const logging = new Grammar(language, world.logging, ({ loggingShares }) => loggingShares);
  return {
    base: new Grammar(language, BASE, evenly),
    logging,
    target: new Grammar(language, TARGET, people),
    human: new Grammar(language, ideal, people),
    mode: new Grammar(language, ideal, largest),
    logged: world.mistaken ? new Grammar(language, MISTAKEN, evenly) : logging,
  };
}

/** No mistakes, and always the number of reasons that people like best. */
function idealParameters({ quality, logging }: WorldParameters): GrammarParameters {
  const best = quality.indexOf(Math.max(...quality));
  return {
    ...logging,
    garble: 0,
    wrongTopic: 0,
    foreignStance: 0,
    foreignReason: 0,
    reason: best >= 1 ? 1 : 0,
    second: best >= 2 ? 1 : 0,
  };
}
