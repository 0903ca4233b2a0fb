import { UsageError } from '../errors.js';
import type { EncodeOptions, TransformerEncoder } from '../models/encoder.js';

/** Words of a context that are judged at once. */
const CHUNK_WORDS = 350;

/** The three classes of the published head; the first says that the context supports the claim. */
const CLASSES = 3;

/** What a claim is to be held to: for a response its query. */
export interface ContextAndClaim {
  context: string;
  claim: string;
}

/**
 * AlignScore of each claim, in [0, 1]: the claim is cut into sentences and the context into chunks of about 350 words; the
 * classifier gives each pair the probability that the chunk supports the sentence; the largest over chunks, then the mean over
 * sentences. A claim without a sentence has none: NaN.
 *
 * Source: Zha et al. 2023, "AlignScore" (mode nli_sp). The published code finds sentences with a trained splitter; here they are
 * those of Unicode (UAX 29).
 *
 * @param encoder a classifier of pairs with three classes, the first of which is "aligned"
 * @throws UsageError ALIGN_SCORE_MODEL
 */
export async function alignScores(
  encoder: TransformerEncoder,
  examples: readonly ContextAndClaim[],
  options: EncodeOptions = {},
): Promise<Float64Array> {
  const { sequences, config } = encoder;
  if (!sequences || config.labels !== CLASSES) {
    const got = sequences ? `${config.labels} classes` : 'no tokenizer.json';
    throw new UsageError(
      'ALIGN_SCORE_MODEL',
      `AlignScore needs a classifier of ${CLASSES} classes with a tokenizer, got ${got}.`,
    );
  }
  const pairs = examples.flatMap(({ context, claim }, example) => {
    const chunks = contextChunks(context);
    return sentencesOf(claim).flatMap((sentence, at) =>
      chunks.map((chunk) => ({ example, at, ...sequences.pair(chunk, sentence) })),
    );
  });
  const best: number[][] = examples.map(() => []);
  for (const [i, logits] of (await encoder.classifyAll(pairs, options)).entries()) {
    const { example, at } = pairs[i]!;
    best[example]![at] = Math.max(best[example]![at] ?? 0, firstProbability(logits));
  }
  return Float64Array.from(best, (sentences) => sentences.reduce((sum, score) => sum + score, 0) / sentences.length);
}

/**
 * Sentences of a text joined into chunks: with w words there are to be c = floor(w / 350) + 1, of max(1, floor(sentences / c))
 * sentences each. A text without a sentence is one empty chunk.
 */
export function contextChunks(text: string): string[] {
  const sentences = sentencesOf(text);
  const words = text.split(/\s+/).filter(Boolean).length;
  const size = Math.max(1, Math.floor(sentences.length / (Math.floor(words / CHUNK_WORDS) + 1)));
  const chunks = Array.from({ length: Math.ceil(sentences.length / size) }, (_, i) =>
    sentences.slice(i * size, (i + 1) * size).join(' '),
  );
  return chunks.length === 0 ? [''] : chunks;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

function sentencesOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment.trim()).filter(Boolean);
}

/** softmax(logits)[0] */
function firstProbability(logits: Float32Array): number {
  const largest = Math.max(...logits);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return Math.exp(logits[0]! - largest) / total;
}
