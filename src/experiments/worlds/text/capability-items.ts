import type { CapabilityItems } from '../../../metrics/capability/index.js';
import { readSentence, type Sentence, writeSentence } from './language.js';
import type { TextWorld } from './text-world.js';

/** Held-out texts of each query. */
const TEXTS = 2;

/**
 * What every model of a text world should go on being able to do, whatever people's opinions are, on test queries: to prefer a sentence
 * of the grammar to the same about other topics, with the reason of another opinion, and with one reason twice; and to know the
 * language of the base mixture. The same for every call.
 */
export function worldCapabilityItems(world: TextWorld): CapabilityItems {
  const queries = world.queries('test');
  const sentences = world.sample('human', 'test', 1);
  const written = world.sample('base', 'test', TEXTS);
  const { topics, opinions } = world.language;
  const questions = queries.map(({ id, index, prompt, topic }) => {
    const sentence = readSentence(world.language, sentences.get(id)![0]!)!;
    const opinion = opinions.findIndex(({ stance }) => stance === sentence.stance);
    const right = writeSentence(sentence);
    const changes: Partial<Sentence>[] = [
      { topic: topics[(topics.indexOf(topic) + 1) % topics.length]! },
      { topic: topics[(topics.indexOf(topic) + 2) % topics.length]! },
      // Where the best answer gives no reasons, these change nothing.
      { second: opinions[(opinion + 1) % opinions.length]!.reasons[0]! },
      { second: sentence.reason },
    ];
    const wrong = changes.map((change) => writeSentence({ ...sentence, ...change })).filter((text) => text !== right);
    const answer = index % (wrong.length + 1);
    return { question: prompt, choices: wrong.toSpliced(answer, 0, right), answer };
  });
  const texts = queries.flatMap(({ id, prompt }) => written.get(id)!.map((text) => ({ prompt, text })));
  return { questions, texts };
}
