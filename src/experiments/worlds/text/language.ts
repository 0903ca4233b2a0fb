/**
 * @file The language of the text worlds. A query asks "Should we VERB TOPIC MODIFIER?"; an answer is one sentence,
 *
 *     [opener] I would [adverb] STANCE TOPIC [for REASON [and REASON]] [closer].
 *
 * whose words of different classes differ, so that it can be read in one way only. Anything else is garble.
 */

/** One of the opinions that people can hold. */
export interface Opinion {
  /** The verb that expresses it. */
  stance: string;
  /** At least two; no two opinions share a reason. */
  reasons: readonly string[];
}

/** The words, all different across the lists; white space and full stops are not parts of words. */
export interface Language {
  verbs: readonly string[];
  topics: readonly string[];
  modifiers: readonly string[];
  opinions: readonly Opinion[];
  openers: readonly string[];
  adverbs: readonly string[];
  closers: readonly string[];
  /** Fewest and most words of garble. */
  garble: { least: number; most: number };
}

export const LANGUAGE: Language = {
  verbs: ['build', 'fund', 'repair', 'move', 'rent', 'share'],
  topics: [
    'trains',
    'parks',
    'schools',
    'ports',
    'dams',
    'roads',
    'farms',
    'clinics',
    'museums',
    'bridges',
    'markets',
    'libraries',
  ],
  modifiers: ['here', 'soon', 'again', 'abroad'],
  opinions: [
    { stance: 'back', reasons: ['growth', 'health', 'comfort'] },
    { stance: 'block', reasons: ['cost', 'noise', 'waste'] },
    { stance: 'delay', reasons: ['doubt', 'weather', 'timing'] },
    { stance: 'trial', reasons: ['evidence', 'learning', 'caution'] },
    { stance: 'shrink', reasons: ['debt', 'space', 'focus'] },
    { stance: 'widen', reasons: ['fairness', 'access', 'demand'] },
    { stance: 'outsource', reasons: ['skill', 'speed', 'rivalry'] },
    { stance: 'poll', reasons: ['trust', 'consent', 'voice'] },
  ],
  openers: ['Honestly', 'Frankly', 'Personally'],
  adverbs: ['surely', 'probably', 'rather'],
  closers: ['overall', 'today'],
  garble: { least: 4, most: 9 },
};

/** Words of every sentence; without the second, a string of words is never a sentence. */
const SUBJECT = 'I';
const AUXILIARY = 'would';

/** The parts of an answer; what is optional and left out is null. */
export interface Sentence {
  opener: string | null;
  adverb: string | null;
  stance: string;
  topic: string;
  reason: string | null;
  /** Another reason than the first; null without a first. */
  second: string | null;
  closer: string | null;
}

export function askFor(verb: string, topic: string, modifier: string): string {
  return `Should we ${verb} ${topic} ${modifier}?`;
}

export function writeSentence({ opener, adverb, stance, topic, reason, second, closer }: Sentence): string {
  const reasons = reason === null ? [] : second === null ? ['for', reason] : ['for', reason, 'and', second];
  const words = [opener, SUBJECT, AUXILIARY, adverb, stance, topic, ...reasons, closer];
  return writeWords(words.filter((word) => word !== null));
}

export function writeWords(words: readonly string[]): string {
  return `${words.join(' ')}.`;
}

/** The words of a text that ends with a full stop, else null. */
export function readWords(text: string): string[] | null {
  return text.endsWith('.') ? text.slice(0, -1).split(' ') : null;
}

/** The sentence that `writeSentence` writes as this text, or null where there is none. */
export function readSentence(language: Language, text: string): Sentence | null {
  const words = readWords(text) ?? [];
  let position = 0;
  const take = (choices: readonly string[]): string | null => {
    const word = words[position];
    if (word === undefined || !choices.includes(word)) return null;
    position++;
    return word;
  };
  const reasons = language.opinions.flatMap((opinion) => opinion.reasons);
  const opener = take(language.openers);
  if (take([SUBJECT]) === null || take([AUXILIARY]) === null) return null;
  const adverb = take(language.adverbs);
  const stance = take(language.opinions.map((opinion) => opinion.stance));
  const topic = take(language.topics);
  const reason = take(['for']) && take(reasons);
  const second = reason && take(['and']) && take(reasons);
  const closer = take(language.closers);
  if (stance === null || topic === null || (reason !== null && reason === second)) return null;
  const sentence = { opener, adverb, stance, topic, reason, second, closer };
  // A dangling "for" or "and", and words after the end, are not written again.
  return writeSentence(sentence) === text ? sentence : null;
}

/** The words of which garble is made: all of the answers' but one, so that garble is never a sentence. */
export function garbleWords(language: Language): string[] {
  return answerWords(language).filter((word) => word !== AUXILIARY);
}

function answerWords({ openers, adverbs, opinions, topics, closers }: Language): string[] {
  const stances = opinions.map((opinion) => opinion.stance);
  const reasons = opinions.flatMap((opinion) => opinion.reasons);
  return [SUBJECT, AUXILIARY, 'for', 'and', ...openers, ...adverbs, ...stances, ...topics, ...reasons, ...closers];
}

/** Every word of queries and answers, each once. */
export function allWords(language: Language): string[] {
  return ['Should', 'we', ...language.verbs, ...language.modifiers, ...answerWords(language)];
}
