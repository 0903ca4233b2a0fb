/**
 * @file The six text worlds. Their parameters were fixed before the first comparison of training methods and are not to be
 * tuned: a published result depends on them.
 */

/** Probabilities of what an answer does. */
export interface GrammarParameters {
  /** It is garble. */
  garble: number;
  /** A sentence is about another topic than the query. */
  wrongTopic: number;
  /** It takes a stance that nobody takes on this query. */
  foreignStance: number;
  /** It gives a reason; given one, it gives two. */
  reason: number;
  second: number;
  /** A given reason belongs to another opinion. */
  foreignReason: number;
  opener: number;
  adverb: number;
  closer: number;
}

export interface WorldParameters {
  /** Fewest and most opinion groups of a query. */
  groups: { least: number; most: number };
  /** Quality of a valid answer by its number of reasons. */
  quality: readonly [number, number, number];
  /** What the logging policy writes. */
  logging: GrammarParameters;
  /** Whether the logged propensities come from a wrong model of the logging policy. */
  mistaken: boolean;
  /**
   * Which opinions the logging policy expresses: softmax(flatness log(share of the people) + disturbance normal); or that
   * with the second-largest group's opinion raised to a share of its own.
   */
  loggingShares: { flatness: number; disturbance: number; secondOpinion: number | null };
  /**
   * Votes are Poisson with mean `scale` x (utility + brigade) + `noise`. A brigade attacks this share of the queries; there its
   * `strength` counts for any text that takes the stance of the smallest group, whatever else it says.
   */
  votes: { scale: number; noise: number; brigade: { queries: number; strength: number } };
}

/** A mixture on which a base model is trained: every opinion alike, and half of it invalid. */
export const BASE: GrammarParameters = {
  garble: 0.12,
  wrongTopic: 0.15,
  foreignStance: 0.2,
  reason: 0.6,
  second: 0.4,
  foreignReason: 0.2,
  opener: 0.4,
  adverb: 0.4,
  closer: 0.3,
};

const LOGGING: GrammarParameters = {
  garble: 0.05,
  wrongTopic: 0.06,
  foreignStance: 0.08,
  reason: 0.6,
  second: 0.4,
  foreignReason: 0.09,
  opener: 0.4,
  adverb: 0.4,
  closer: 0.3,
};

/** A policy to be evaluated: fewer mistakes and more reasons than the logging policy, opinions as people hold them. */
export const TARGET: GrammarParameters = {
  garble: 0.02,
  wrongTopic: 0.03,
  foreignStance: 0.04,
  reason: 0.75,
  second: 0.5,
  foreignReason: 0.04,
  opener: 0.4,
  adverb: 0.4,
  closer: 0.3,
};

/** A wrong model of the logging policy: another amount of junk, reasons and optional words, and all opinions alike. */
export const MISTAKEN: GrammarParameters = {
  garble: 0.1,
  wrongTopic: 0.02,
  foreignStance: 0.03,
  reason: 0.4,
  second: 0.25,
  foreignReason: 0.03,
  opener: 0.25,
  adverb: 0.5,
  closer: 0.45,
};

const PLURALISTIC: WorldParameters = {
  groups: { least: 3, most: 6 },
  quality: [0.35, 0.7, 1],
  logging: LOGGING,
  mistaken: false,
  loggingShares: { flatness: 0.75, disturbance: 0.3, secondOpinion: null },
  votes: { scale: 30, noise: 0.2, brigade: { queries: 0, strength: 0 } },
};

/** A signal is votes over this number, at most 1; so few answers get more votes that no mean changes by 1e-6. */
export const READERS = 60;

export const TEXT_WORLDS = {
  pluralistic: PLURALISTIC,
  /** Everybody agrees. */
  unanimous: { ...PLURALISTIC, groups: { least: 1, most: 1 } },
  /** The logged propensities come from a wrong model. */
  misestimated: { ...PLURALISTIC, mistaken: true },
  /** On three queries in ten a brigade votes for the smallest group's stance, whatever the answer is worth. */
  adversarial: { ...PLURALISTIC, votes: { ...PLURALISTIC.votes, brigade: { queries: 0.3, strength: 0.5 } } },
  /** Seven logged stances in ten are the second-largest group's. */
  skewed: { ...PLURALISTIC, loggingShares: { ...PLURALISTIC.loggingShares, secondOpinion: 0.7 } },
  /** People prefer answers without reasons. */
  short: { ...PLURALISTIC, quality: [1, 0.7, 0.35] },
} as const satisfies Record<string, WorldParameters>;

export type TextWorldName = keyof typeof TEXT_WORLDS;
