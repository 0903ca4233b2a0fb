/**
 * @file A probability distribution over texts whose density is known exactly. A text is garble (words drawn uniformly) or
 * a sentence, whose parts are drawn one after the other; each part's distribution is written once, in `options`, and
 * both drawing and the density follow it. No text is both, so that the density is a product.
 */
import type { Random } from '../../../estimators/random.js';
import {
  garbleWords,
  type Language,
  type Opinion,
  readSentence,
  readWords,
  type Sentence,
  writeSentence,
  writeWords,
} from './language.js';
import type { TextQuery } from './queries.js';
import type { GrammarParameters } from './worlds.js';

/** The order in which the parts of a sentence are drawn: the reasons depend on the stance. */
const PARTS = ['topic', 'stance', 'reason', 'second', 'opener', 'adverb', 'closer'] as const;

type Part = (typeof PARTS)[number];

/** Probability of every word that a part can be; null: left out. */
type Options = ReadonlyMap<string | null, number>;

const ABSENT: Options = new Map([[null, 1]]);

/** What a grammar makes of a query, without garble and with exact probabilities. */
export interface ValidMass {
  /** Index in the query's groups. */
  group: number;
  reasons: number;
  probability: number;
}

export class Grammar {
  readonly #language: Language;
  readonly #parameters: GrammarParameters;
  readonly #shares: (query: TextQuery) => readonly number[];
  readonly #garbleWords: readonly string[];
  readonly #isGarbleWord: ReadonlySet<string>;
  /** Of the parts that depend on nothing before them, and of reasons by stance and first reason. */
  readonly #ornaments: Readonly<Record<'opener' | 'adverb' | 'closer', Options>>;
  readonly #reasonOptions = new Map<string, Options>();

  /** @param shares how likely each of a query's opinions is among the stances that somebody takes; sums to 1 */
  constructor(language: Language, parameters: GrammarParameters, shares: (query: TextQuery) => readonly number[]) {
    this.#language = language;
    this.#parameters = parameters;
    this.#shares = shares;
    this.#garbleWords = garbleWords(language);
    this.#isGarbleWord = new Set(this.#garbleWords);
    this.#ornaments = {
      opener: optional(parameters.opener, uniform(language.openers)),
      adverb: optional(parameters.adverb, uniform(language.adverbs)),
      closer: optional(parameters.closer, uniform(language.closers)),
    };
  }

  sample(random: Random, query: TextQuery): string {
    if (random.uniform() < this.#parameters.garble) return writeWords(this.#drawGarble(random));
    const drawn: Partial<Sentence> = {};
    for (const part of PARTS) Object.assign(drawn, { [part]: draw(random, this.#options(part, query, drawn)) });
    return writeSentence(drawn as Sentence);
  }

  /** log p(text | query), nats; -Infinity for a text that this grammar never writes. */
  logProb(query: TextQuery, text: string): number {
    const sentence = readSentence(this.#language, text);
    if (sentence === null) return Math.log(this.#parameters.garble) + this.#garbleLogProb(text);
    return PARTS.reduce(
      (total, part) => total + Math.log(this.#options(part, query, sentence).get(sentence[part]) ?? 0),
      Math.log1p(-this.#parameters.garble),
    );
  }

  /** Probability of each kind of valid answer: on topic, an opinion that somebody holds, and its own reasons only. */
  validMass(query: TextQuery): ValidMass[] {
    const onTopic = (1 - this.#parameters.garble) * this.#options('topic', query, {}).get(query.topic)!;
    return query.groups.flatMap(({ opinion: stance }, group) => {
      const own = new Set(this.#opinion(stance).reasons);
      const taken = onTopic * this.#options('stance', query, {}).get(stance)!;
      const mass = [0, 0, 0];
      for (const [reason, p] of this.#options('reason', query, { stance })) {
        if (reason === null) mass[0]! += taken * p;
        else if (own.has(reason)) {
          for (const [second, p2] of this.#options('second', query, { stance, reason })) {
            if (second === null) mass[1]! += taken * p * p2;
            else if (own.has(second)) mass[2]! += taken * p * p2;
          }
        }
      }
      return mass.map((probability, reasons) => ({ group, reasons, probability }));
    });
  }

  /** Probability that `TextWorld.stanceOf` finds this stance in an answer. */
  stanceMass(query: TextQuery, stance: string): number {
    const { garble } = this.#parameters;
    const { least, most } = this.#language.garble;
    const words = this.#garbleWords.length;
    const others = words - this.#language.opinions.length;
    // Of garble: no other stance, but not none at all.
    let named = 0;
    for (let n = least; n <= most; n++) named += ((others + 1) / words) ** n - (others / words) ** n;
    const inSentence = this.#options('stance', query, {}).get(stance) ?? 0;
    return (1 - garble) * inSentence + (garble * named) / (most - least + 1);
  }

  /** The distribution of one part, given the parts before it. */
  #options(part: Part, query: TextQuery, drawn: Partial<Sentence>): Options {
    const { reason, second, wrongTopic, foreignStance } = this.#parameters;
    switch (part) {
      case 'topic':
        return mixture(new Map([[query.topic, 1]]), without(this.#language.topics, query.topic), wrongTopic);
      case 'stance': {
        const shares = this.#shares(query);
        const held = new Map(query.groups.map(({ opinion }, group) => [opinion, shares[group]!]));
        const others = this.#language.opinions.map(({ stance }) => stance).filter((stance) => !held.has(stance));
        return mixture(held, others, foreignStance);
      }
      case 'reason':
        return this.#reasons(reason, drawn.stance!, null);
      case 'second':
        return drawn.reason === null ? ABSENT : this.#reasons(second, drawn.stance!, drawn.reason!);
      default:
        return this.#ornaments[part];
    }
  }

  #reasons(p: number, stance: string, given: string | null): Options {
    const key = `${stance} ${given}`;
    const known = this.#reasonOptions.get(key);
    if (known !== undefined) return known;
    const own = this.#opinion(stance).reasons;
    const all = this.#language.opinions.flatMap(({ reasons }) => reasons);
    const foreign = all.filter((reason) => !own.includes(reason) && reason !== given);
    const options = optional(p, mixture(uniform(without(own, given)), foreign, this.#parameters.foreignReason));
    this.#reasonOptions.set(key, options);
    return options;
  }

  #opinion(stance: string): Opinion {
    return this.#language.opinions.find((opinion) => opinion.stance === stance)!;
  }

  #drawGarble(random: Random): string[] {
    const { least, most } = this.#language.garble;
    const length = least + random.integer(most - least + 1);
    return Array.from({ length }, () => this.#garbleWords[random.integer(this.#garbleWords.length)]!);
  }

  #garbleLogProb(text: string): number {
    const { least, most } = this.#language.garble;
    const words = readWords(text);
    if (words === null || words.length < least || words.length > most) return Number.NEGATIVE_INFINITY;
    if (!words.every((word) => this.#isGarbleWord.has(word))) return Number.NEGATIVE_INFINITY;
    return -Math.log(most - least + 1) - words.length * Math.log(this.#garbleWords.length);
  }
}

function draw(random: Random, options: Options): string | null {
  return [...options.keys()][random.categorical([...options.values()])]!;
}

function without(words: readonly string[], word: string | null): string[] {
  return words.filter((other) => other !== word);
}

function uniform(words: readonly string[]): Options {
  return new Map(words.map((word) => [word, 1 / words.length]));
}

/** `own` with probability 1 - p, else one of `foreign`; always `own` where there are no others. */
function mixture(own: Options, foreign: readonly string[], p: number): Options {
  if (foreign.length === 0) return own;
  const options = new Map([...own].map(([word, probability]) => [word, (1 - p) * probability]));
  for (const word of foreign) options.set(word, p / foreign.length);
  return options;
}

/** One of the words with probability p, else null; always null where there are none. */
function optional(p: number, words: Options): Options {
  const options = new Map<string | null, number>([[null, words.size === 0 ? 1 : 1 - p]]);
  for (const [word, probability] of words) options.set(word, p * probability);
  return options;
}
