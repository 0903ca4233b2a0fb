import {
  garbleWords,
  type Language,
  writeSentence,
  writeWords,
} from '../../../../src/experiments/worlds/text/language.js';
import { TextWorld } from '../../../../src/experiments/worlds/text/text-world.js';
import { TEXT_WORLDS, type WorldParameters } from '../../../../src/experiments/worlds/text/worlds.js';

const SMALL: Language = {
  verbs: ['build'],
  topics: ['parks', 'roads'],
  modifiers: ['here', 'soon'],
  opinions: [
    { stance: 'back', reasons: ['growth', 'health'] },
    { stance: 'block', reasons: ['cost', 'noise'] },
    { stance: 'delay', reasons: ['doubt', 'timing'] },
  ],
  openers: ['Honestly'],
  adverbs: ['surely'],
  closers: ['overall'],
  garble: { least: 1, most: 2 },
};

/** A world of four queries and about 2000 texts, which can be enumerated. */
export function smallWorld(changes: Partial<WorldParameters> = {}, seed = 3): TextWorld {
  return new TextWorld('small', { ...TEXT_WORLDS.pluralistic, groups: { least: 2, most: 2 }, ...changes }, seed, SMALL);
}

/** Every text that a policy of the small world can write, by loops over the words. */
export function everyText(): string[] {
  const texts: string[] = [];
  const optional = (words: readonly string[]) => [null, ...words];
  const reasons = SMALL.opinions.flatMap((opinion) => opinion.reasons);
  for (const { stance } of SMALL.opinions)
    for (const topic of SMALL.topics)
      for (const opener of optional(SMALL.openers))
        for (const adverb of optional(SMALL.adverbs))
          for (const closer of optional(SMALL.closers))
            for (const reason of optional(reasons))
              for (const second of reason === null ? [null] : optional(reasons))
                if (reason === null || second !== reason) {
                  texts.push(writeSentence({ opener, adverb, stance, topic, reason, second, closer }));
                }
  const words = garbleWords(SMALL);
  for (const word of words) texts.push(writeWords([word]), ...words.map((next) => writeWords([word, next])));
  return texts;
}
