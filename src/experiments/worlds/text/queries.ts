/** @file The queries of a text world, and who holds which opinion on each. */
import { Random } from '../../../estimators/random.js';
import { askFor, type Language } from './language.js';
import { STREAMS } from './streams.js';
import type { WorldParameters } from './worlds.js';

/** People who hold the same opinion on a query. */
export interface OpinionGroup {
  /** The opinion's stance. */
  opinion: string;
  /** Share of the people; the shares of a query sum to 1. */
  share: number;
}

export interface TextQuery {
  id: string;
  /** Number of its words' combination, which its random streams go by. */
  index: number;
  prompt: string;
  topic: string;
  /** Largest group first. */
  groups: readonly OpinionGroup[];
  /** How often the logging policy expresses each group's opinion; sums to 1. */
  loggingShares: readonly number[];
  /** The opinion that a brigade votes for, or null. */
  brigade: string | null;
}

/** Standard deviations of what verb, topic and modifier contribute to the logit of an opinion. */
const EFFECTS = { verb: 0.8, topic: 1.7, modifier: 0.7 };
/** Opinions that a smaller share of the people would hold are held by nobody. */
const LEAST_SHARE = 0.05;

/**
 * All queries: every verb with every topic and modifier. The logit of an opinion is a sum of normal effects of the three
 * words, so that what is learnt on some queries holds for others. In random order: the first ones are a fair sample.
 */
export function makeQueries(language: Language, world: WorldParameters, seed: number): TextQuery[] {
  const people = effects(language, seed, STREAMS.people);
  const logger = effects(language, seed, STREAMS.logger);
  const words = language.verbs.flatMap((_, verb) =>
    language.topics.flatMap((_, topic) => language.modifiers.map((_, modifier) => ({ verb, topic, modifier }))),
  );
  const queries = words.map(({ verb, topic, modifier }, index): TextQuery => {
    const names = [language.verbs[verb]!, language.topics[topic]!, language.modifiers[modifier]!] as const;
    const logit = (of: Effects, opinion: number) =>
      of.verb[verb]![opinion]! + of.topic[topic]![opinion]! + of.modifier[modifier]![opinion]!;
    const shares = softmax(language.opinions.map((_, opinion) => logit(people, opinion)));
    const ranked = shares.map((share, opinion) => ({ share, opinion })).sort((a, b) => b.share - a.share);
    const { least, most } = world.groups;
    const held = ranked.filter(({ share }, rank) => rank < least || (rank < most && share >= LEAST_SHARE));
    const total = held.reduce((sum, { share }) => sum + share, 0);
    const groups = held.map(({ share, opinion }) => ({
      opinion: language.opinions[opinion]!.stance,
      share: share / total,
    }));
    const attacked = new Random(seed, STREAMS.brigade, index).uniform() < world.votes.brigade.queries;
    return {
      id: names.join('-'),
      index,
      prompt: askFor(...names),
      topic: names[1],
      groups,
      loggingShares: loggingShares(
        groups,
        held.map(({ opinion }) => logit(logger, opinion)),
        world.loggingShares,
      ),
      brigade: attacked ? groups.at(-1)!.opinion : null,
    };
  });
  const keys = queries.map(({ index }) => new Random(seed, STREAMS.order, index).uniform());
  return queries.sort((a, b) => keys[a.index]! - keys[b.index]!);
}

/** The people's shares, flattened and disturbed; and, where the log is skewed, most of it to the second opinion. */
function loggingShares(
  groups: readonly OpinionGroup[],
  logits: readonly number[],
  { flatness, disturbance, secondOpinion }: WorldParameters['loggingShares'],
): number[] {
  const shares = softmax(groups.map(({ share }, g) => flatness * Math.log(share) + disturbance * logits[g]!));
  if (secondOpinion === null || groups.length < 2) return shares;
  const others = 1 - shares[1]!;
  return shares.map((share, g) => (g === 1 ? secondOpinion : (share / others) * (1 - secondOpinion)));
}

/** Effect of every word on the logit of every opinion. */
type Effects = Record<keyof typeof EFFECTS, number[][]>;

function effects(language: Language, seed: number, stream: number): Effects {
  const random = new Random(seed, stream);
  const draw = (words: readonly string[], deviation: number) =>
    words.map(() => language.opinions.map(() => deviation * random.normal()));
  return {
    verb: draw(language.verbs, EFFECTS.verb),
    topic: draw(language.topics, EFFECTS.topic),
    modifier: draw(language.modifiers, EFFECTS.modifier),
  };
}

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
