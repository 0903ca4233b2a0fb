/**
 * @file A world whose truth is a finite sum. A query has a handful of possible responses with known probabilities under
 * the target and the logging policy, token lengths, opinions, and several groups of people with tastes of their own; a
 * slate is K independent draws from the logging policy, on which people vote. So the value V of the target, the index
 * V_Z that each estimator converges to, and the part of each opinion group are exact (docs/theory.md sections 2 to 4).
 */
import type { Slate } from '../../data/slate.js';
import { Random } from '../../estimators/random.js';
import { TabularPolicy } from './tabular-policy.js';

/**
 * What is wrong with the log of a world:
 *
 * - 'overlap': nothing.
 * - 'deficient-support': the logging policy never gives the third of the responses that people like best.
 * - 'heavy-tails': logging logits spread by 2 nats over four times as many responses, and the target likes what is rarely logged, which
 *   makes log-weights spread by about 3 nats.
 * - 'misestimated': the logged propensities are those of the logging policy at twice its temperature.
 * - 'in-sample': half of each logged propensity is memory, the response's share of its own slate, as that of a model fitted to
 *   this very log.
 */
export const TABULAR_KINDS = ['overlap', 'deficient-support', 'heavy-tails', 'misestimated', 'in-sample'] as const;
export type TabularKind = (typeof TABULAR_KINDS)[number];

export interface TabularWorldOptions {
  /** Default 'overlap'. */
  kind?: TabularKind;
  /** Everything about the world follows from it; default 0. */
  seed?: number;
  /** Different queries; default 6. */
  contexts?: number;
  /** Possible responses of a query, four times as many in 'heavy-tails'; default 12. */
  candidates?: number;
  /** Responses of a slate; default 4. */
  slateSize?: number;
  /** How far the target leans towards what people like, in nats per unit of approval; default 1. */
  lean?: number;
  /** People of each group who vote on a response; default 3. */
  voters?: number;
}

/** One possible response of a context. */
export interface Candidate {
  text: string;
  opinion: string;
  /** Tokens under both policies, 1 .. 8. */
  tokens: number;
  /** log pi and log pi0, nats; probabilities of each sum to 1 over the candidates of a context. */
  targetLogProb: number;
  loggingLogProb: number;
  /** Probability of approval by a person of each group, in the order of the world's groups. */
  approval: number[];
  /** Mean approval over groups by their shares: the expectation of the reward r. */
  reward: number;
}

export interface Group {
  name: string;
  /** Share of the people. */
  share: number;
}

export const TABULAR_GROUPS: readonly Group[] = [
  { name: 'north', share: 0.5 },
  { name: 'south', share: 0.3 },
  { name: 'islands', share: 0.2 },
];
const OPINIONS = ['for', 'against', 'neither'];
const MOST_TOKENS = 8;

/** Streams of the random generator: the world itself, and one per sampled query. */
const WORLD_STREAM = 0;
const SAMPLE_STREAM = 1;

export class TabularWorld {
  readonly kind: TabularKind;
  readonly seed: number;
  readonly slateSize: number;
  readonly voters: number;
  /** Candidates of each context; contexts are equally likely. */
  readonly contexts: readonly (readonly Candidate[])[];

  constructor(options: TabularWorldOptions = {}) {
    const { kind = 'overlap', seed = 0, contexts = 6, candidates = 12, slateSize = 4, lean = 1, voters = 3 } = options;
    this.kind = kind;
    this.seed = seed;
    this.slateSize = slateSize;
    this.voters = voters;
    this.contexts = Array.from({ length: contexts }, (_, context) => {
      return makeCandidates(new Random(seed, WORLD_STREAM, context), context, { candidates, lean, kind });
    });
  }

  /** The policy that is to be evaluated, or the one that writes the log. Each scores any log of this world. */
  policy(role: 'target' | 'logging'): TabularPolicy {
    const entries = this.contexts.flatMap((candidates, context) =>
      candidates.map(({ text, tokens, targetLogProb, loggingLogProb }) => {
        return { prompt: promptOf(context), text, tokens, logprob: role === 'target' ? targetLogProb : loggingLogProb };
      }),
    );
    return new TabularPolicy(role, this.seed, entries);
  }

  /**
   * `queries` logged slates. Signals are the share of approving votes, in [0, 1]: rewards under 'identity', with the
   * candidate's `reward` as expectation. Another `log` number is another log of the same world.
   */
  sample(queries: number, log = 0): Slate[] {
    return Array.from({ length: queries }, (_, i) =>
      this.#sampleSlate(new Random(this.seed, SAMPLE_STREAM + log, i), i),
    );
  }

  #sampleSlate(random: Random, i: number): Slate {
    const context = random.integer(this.contexts.length);
    const candidates = this.contexts[context]!;
    const probabilities = candidates.map((candidate) => Math.exp(candidate.loggingLogProb));
    const propensities = this.kind === 'misestimated' ? heated(candidates, 2) : candidates.map((c) => c.loggingLogProb);
    const slate: Slate = {
      id: `q${i}`,
      prompt: promptOf(context),
      responses: Array.from({ length: this.slateSize }, (_, k) => {
        const drawn = random.categorical(probabilities);
        const candidate = candidates[drawn]!;
        const judgements = TABULAR_GROUPS.flatMap(({ name }, g) =>
          Array.from({ length: this.voters }, (_, judge) => ({
            judge: `${name}-${judge}`,
            group: name,
            signal: random.uniform() < candidate.approval[g]! ? 1 : 0,
          })),
        );
        return {
          id: `r${k}`,
          text: candidate.text,
          opinion: candidate.opinion,
          signal: approvalShare(judgements),
          judgements,
          logging: { logprob: propensities[drawn]!, tokens: candidate.tokens, policy: 'tabular-logging' },
        };
      }),
    };
    return this.kind === 'in-sample' ? remembered(slate) : slate;
  }
}

/** Log-probabilities of the logging policy at another temperature. */
function heated(candidates: readonly Candidate[], temperature: number): number[] {
  return logSoftmax(candidates.map((candidate) => candidate.loggingLogProb / temperature));
}

/** The slate with propensities of a model that half remembers it. */
function remembered(slate: Slate): Slate {
  const responses = slate.responses.map((response) => {
    const { logging, text } = response;
    const share = slate.responses.filter((other) => other.text === text).length / slate.responses.length;
    const logprob = Math.log((Math.exp(logging!.logprob) + share) / 2);
    return { ...response, logging: { ...logging!, logprob } };
  });
  return { ...slate, responses };
}

export function tabularWorld(options?: TabularWorldOptions): TabularWorld {
  return new TabularWorld(options);
}

/** Number of the context that a prompt of this world belongs to. */
function promptOf(context: number): string {
  return `What do you think of plan ${context}?`;
}

function makeCandidates(
  random: Random,
  context: number,
  { candidates: count, lean, kind }: { candidates: number; lean: number; kind: TabularKind },
): Candidate[] {
  const heavy = kind === 'heavy-tails';
  const drafts = Array.from({ length: heavy ? 4 * count : count }, (_, a) => {
    const opinion = OPINIONS[a % OPINIONS.length]!;
    const quality = 0.3 + 0.7 * random.uniform();
    // Each group likes one opinion of each plan best.
    const approval = TABULAR_GROUPS.map(
      (_, g) => quality * ((context + g) % OPINIONS.length === a % OPINIONS.length ? 0.9 : 0.2),
    );
    const reward = TABULAR_GROUPS.reduce((total, group, g) => total + group.share * approval[g]!, 0);
    const loggingLogit = (heavy ? 2 : 0.7) * random.normal();
    const targetLogit = (heavy ? -0.5 : 1) * loggingLogit + lean * reward + 0.3 * random.normal();
    return {
      text: `I am ${opinion === 'neither' ? 'undecided about' : opinion} plan ${context} because of reason ${a}.`,
      opinion,
      tokens: 1 + random.integer(MOST_TOKENS),
      approval,
      reward,
      loggingLogit,
      targetLogit,
    };
  });
  // Best liked first.
  const liked = drafts.map((draft) => draft.reward).sort((x, y) => y - x);
  const missing = (reward: number) => kind === 'deficient-support' && reward >= liked[Math.floor(count / 3)]!;
  const logging = logSoftmax(drafts.map(({ loggingLogit, reward }) => (missing(reward) ? -Infinity : loggingLogit)));
  const target = logSoftmax(drafts.map((draft) => draft.targetLogit));
  return drafts.map(({ loggingLogit: _, targetLogit: __, ...draft }, a) => ({
    ...draft,
    targetLogProb: target[a]!,
    loggingLogProb: logging[a]!,
  }));
}

function logSoftmax(logits: number[]): number[] {
  const top = Math.max(...logits);
  const logTotal = top + Math.log(logits.reduce((total, logit) => total + Math.exp(logit - top), 0));
  return logits.map((logit) => logit - logTotal);
}

/** Votes of a group count by its share of the people, not by how many of it voted. */
function approvalShare(judgements: { group: string; signal: number }[]): number {
  return TABULAR_GROUPS.reduce((total, { name, share }) => {
    const votes = judgements.filter((judgement) => judgement.group === name).map((judgement) => judgement.signal);
    return total + (share * votes.reduce((sum, vote) => sum + vote, 0)) / votes.length;
  }, 0);
}
