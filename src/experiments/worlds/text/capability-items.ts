import type { CapabilityItems } from '../../../metrics/capability/index.js';
import { readSentence, writeSentence } from './language.js';
import type { TextWorld } from './text-world.js';

/** Choices of a question: the sentence about its topic, and the same about others. */
const CHOICES = 4;
/** Held-out texts of each query. */
const TEXTS = 2;

/**
 * What every model of a text world should go on being able to do, whatever people's opinions are: keep to the topic of a question, and
 * know the language of the base mixture, on test queries. The texts are the same for every call.
 */
export function worldCapabilityItems(world: TextWorld): CapabilityItems {
  const queries = world.queries('test');
  const sentences = world.sample('human', 'test', 1);
  const written = world.sample('base', 'test', TEXTS);
  const { topics } = world.language;
  const questions = queries.map(({ id, index, prompt, topic }) => {
    const sentence = readSentence(world.language, sentences.get(id)![0]!)!;
    const own = topics.indexOf(topic);
    const answer = index % CHOICES;
    const choices = Array.from({ length: CHOICES }, (_, choice) => {
      const about = topics[(own + choice - answer + topics.length) % topics.length]!;
      return writeSentence({ ...sentence, topic: about });
    });
    return { question: prompt, choices, answer };
  });
  const texts = queries.flatMap(({ id, prompt }) => written.get(id)!.map((text) => `${prompt} ${text}`));
  return { questions, texts };
}
