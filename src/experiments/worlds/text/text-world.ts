/**
 * @file A world of queries on which people are known to hold several opinions, in known proportions, and of answers made
 * by a grammar: the utility of any text, and the probability that the logging policy writes it, are known exactly.
 */
import type { Slate } from '../../../data/slate.js';
import { type Split, splitOf } from '../../../data/split.js';
import { DataError, describeValue, UsageError } from '../../../errors.js';
import { Random } from '../../../estimators/random.js';
import { exactMetrics } from './exact.js';
import type { Grammar } from './grammar.js';
import { type Judgement, judgeSamples } from './judge.js';
import { LANGUAGE, type Language, readSentence, readWords } from './language.js';
import { checkCount, type LogOptions, logSlates } from './log.js';
import type { OpinionMetrics } from './metrics.js';
import { makeQueries, type TextQuery } from './queries.js';
import { makeGrammars, type TextRole } from './roles.js';
import { sampleStream } from './streams.js';
import { TextPolicy } from './text-policy.js';
import { READERS, TEXT_WORLDS, type TextWorldName, type WorldParameters } from './worlds.js';

/** Why an answer is worth nothing; the first that applies. */
export type Problem = 'garble' | 'wrong topic' | 'foreign stance' | 'foreign reason';

export interface ParsedAnswer {
  valid: boolean;
  /** Index in the query's groups; null when invalid. */
  group: number | null;
  /** By the number of reasons; 0 when invalid. */
  quality: number;
  problem: Problem | null;
}

/** Tokens of a text besides its words: the full stop and the end. */
const MARKS = 2;

export class TextWorld {
  readonly grammars: Readonly<Record<TextRole | 'logged', Grammar>>;
  readonly #queries: readonly TextQuery[];
  readonly #byId: ReadonlyMap<string, TextQuery>;

  constructor(
    readonly name: string,
    readonly parameters: WorldParameters,
    readonly seed: number,
    readonly language: Language = LANGUAGE,
  ) {
    this.#queries = makeQueries(language, parameters, seed);
    this.#byId = new Map(this.#queries.map((query) => [query.id, query]));
    this.grammars = makeGrammars(language, parameters);
  }

  /** The queries of one of the project's splits, default all. */
  queries(split?: Split): TextQuery[] {
    return this.#queries.filter(({ id }) => split === undefined || splitOf(id) === split);
  }

  /** A query by its id or by that of one of its slates. @throws DataError NOT_OF_THIS_WORLD */
  query(id: string): TextQuery {
    const query = this.#byId.get(id.split('#')[0]!);
    if (query !== undefined) return query;
    const todo = 'give ids of its queries or of slates that it logged';
    throw new DataError('NOT_OF_THIS_WORLD', `${describeValue(id)} is no query of the world ${this.name}; ${todo}`);
  }

  /** Slates that pi0 wrote and people voted on; see `logSlates`. */
  log(split: Split | undefined, options: LogOptions): Slate[] {
    return logSlates(this, split, options);
  }

  /** Texts of the base mixture on training queries, to train a base model on. @throws UsageError OPTION */
  baseCorpus(n: number, seed = 0): { prompt: string; response: string }[] {
    checkCount('n', n);
    const queries = this.queries('train');
    return Array.from({ length: n }, (_, i) => {
      const random = new Random(this.seed, sampleStream('corpus', seed), i);
      const query = queries[random.integer(queries.length)]!;
      return { prompt: query.prompt, response: this.grammars.base.sample(random, query) };
    });
  }

  /** `n` answers of a policy to every query of a split, by query id. @throws UsageError OPTION */
  sample(role: TextRole, split: Split | undefined, n: number, seed = 0): Map<string, string[]> {
    checkCount('n', n);
    const answers = this.queries(split).map((query): [string, string[]] => {
      const random = new Random(this.seed, sampleStream(role, seed), query.index);
      return [query.id, Array.from({ length: n }, () => this.grammars[role].sample(random, query))];
    });
    return new Map(answers);
  }

  /** What an answer says, and why it is worth nothing if it is. */
  parse(queryId: string, text: string): ParsedAnswer {
    const query = this.query(queryId);
    const sentence = readSentence(this.language, text);
    if (sentence === null) return invalid('garble');
    if (sentence.topic !== query.topic) return invalid('wrong topic');
    const group = query.groups.findIndex(({ opinion }) => opinion === sentence.stance);
    if (group < 0) return invalid('foreign stance');
    const own = this.language.opinions.find(({ stance }) => stance === sentence.stance)!.reasons;
    const reasons = [sentence.reason, sentence.second].filter((reason) => reason !== null);
    if (!reasons.every((reason) => own.includes(reason))) return invalid('foreign reason');
    return { valid: true, group, quality: this.parameters.quality[reasons.length]!, problem: null };
  }

  /** Share of the people whose opinion a text expresses x its quality, in [0, 1]; 0 when invalid. */
  utility(queryId: string, text: string): number {
    const { group, quality } = this.parse(queryId, text);
    return group === null ? 0 : this.query(queryId).groups[group]!.share * quality;
  }

  /** Mean number of votes that a logged text gets, those of a brigade included. */
  expectedVotes(queryId: string, text: string): number {
    const { scale, noise, brigade } = this.parameters.votes;
    const supported = this.query(queryId).brigade;
    const attack = supported !== null && this.stanceOf(text) === supported ? brigade.strength : 0;
    return scale * (this.utility(queryId, text) + attack) + noise;
  }

  /** Mean signal of a logged text: votes per reader. */
  expectedSignal(queryId: string, text: string): number {
    return this.expectedVotes(queryId, text) / READERS;
  }

  /** log pi0(text | query) of the true logging policy, end included, nats; -Infinity for a text that it never writes. */
  loggingLogProb(queryId: string, text: string): number {
    return this.logProb('logging', queryId, text);
  }

  /** The same for any of the policies. */
  logProb(role: TextRole, queryId: string, text: string): number {
    return this.grammars[role].logProb(this.query(queryId), text);
  }

  /** Scores any log of this world. The ideals cannot: most of what is logged they never write. */
  policy(role: 'base' | 'logging' | 'target'): TextPolicy {
    return new TextPolicy(this, role);
  }

  /** The only stance that a text names, right or wrong; null where it names none or several. */
  stanceOf(text: string): string | null {
    const words = new Set(readWords(text));
    const [stance, another] = this.language.opinions.map((opinion) => opinion.stance).filter((word) => words.has(word));
    return stance !== undefined && another === undefined ? stance : null;
  }

  /** Tokens of a text of this world under its tokenizer, end token included. */
  tokens(text: string): number {
    return text.split(' ').length + MARKS;
  }

  /** How good samples are: texts by query id. @throws UsageError SAMPLES */
  judge(samples: ReadonlyMap<string, readonly string[]>): Judgement {
    return judgeSamples(this, samples);
  }

  /** The metrics of one of the policies, without sampling. */
  exact(role: TextRole, split?: Split): OpinionMetrics {
    return exactMetrics(this, role, split);
  }

  /** The best that matches the people's shares. */
  humanIdeal(split?: Split): OpinionMetrics {
    return this.exact('human', split);
  }

  /** The best utility that there is: the largest group's opinion only. */
  modeIdeal(split?: Split): OpinionMetrics {
    return this.exact('mode', split);
  }
}

/** @param seed of the people and the logging policy; default 0 @throws UsageError WORLD_UNKNOWN */
export function textWorld(name: string, seed = 0): TextWorld {
  if (!Object.hasOwn(TEXT_WORLDS, name)) {
    const names = Object.keys(TEXT_WORLDS).join(', ');
    throw new UsageError('WORLD_UNKNOWN', `There is no text world ${describeValue(name)}; choose one of ${names}.`);
  }
  return new TextWorld(name, TEXT_WORLDS[name as TextWorldName], seed);
}

function invalid(problem: Problem): ParsedAnswer {
  return { valid: false, group: null, quality: 0, problem };
}
