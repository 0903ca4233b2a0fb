import type { Encoder } from '../../../encoders/encoder.js';
import { LANGUAGE, type Language, readSentence } from './language.js';

/** Shares of the squared length of a sentence's vector. */
const WEIGHTS = { stance: 0.65, topic: 0.2, reasons: 0.15 };

/**
 * Reads the sentences of the text worlds: the cosine of two of them is .2 for the same topic, plus .65 for the same stance, plus up to
 * .15 for the same reasons. So one that says the same thing for other reasons reaches .8, and another opinion on the same topic
 * stays below .5. A question has its topic only; garble is like nothing.
 */
export class WorldEncoder implements Encoder {
  readonly kind = 'world';
  readonly id = 'world (reads the sentences of the text worlds)';
  readonly #language: Language;
  readonly #places: ReadonlyMap<string, number>;

  constructor(language: Language = LANGUAGE) {
    this.#language = language;
    const stances = language.opinions.map(({ stance }) => stance);
    const reasons = language.opinions.flatMap((opinion) => opinion.reasons);
    this.#places = new Map([...language.topics, ...stances, ...reasons, ''].map((word, place) => [word, place]));
  }

  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    return texts.map((text) => this.#vector(text));
  }

  dispose(): void {}

  #vector(text: string): Float32Array {
    const vector = new Float32Array(this.#places.size);
    const put = (word: string, share: number) => {
      vector[this.#places.get(word)!] = Math.sqrt(share);
    };
    const sentence = readSentence(this.#language, text);
    if (sentence === null) {
      const asked = /^Should we \S+ (\S+) \S+\?$/.exec(text)?.[1];
      if (asked !== undefined && this.#language.topics.includes(asked)) put(asked, 1);
      return vector;
    }
    put(sentence.topic, WEIGHTS.topic);
    put(sentence.stance, WEIGHTS.stance);
    const given = [sentence.reason, sentence.second].filter((reason) => reason !== null);
    // No reason is a reason of its own, so that all vectors have the same length.
    const reasons = given.length === 0 ? [''] : given;
    for (const reason of reasons) put(reason, WEIGHTS.reasons / reasons.length);
    return vector;
  }
}
