import type { EncoderConfig } from './encoder-config.js';

/** One text, or a pair of them, as an encoder reads it: its special tokens included. */
export interface EncoderSequence {
  ids: ArrayLike<number>;
  /** Token types; default all 0. */
  types?: ArrayLike<number> | undefined;
}

/** Sequences one after the other, no padding: every row attends to the span of its own sequence. */
export interface EncoderBatch {
  ids: Int32Array;
  /** Rows of the position table. */
  positions: Int32Array;
  types: Int32Array;
  /** Spans of `attention_decode`, [rows, 4]: no prefix, then the sequence. */
  spans: Int32Array;
  /** Row where each sequence begins, and the number of rows at the end: [sequences + 1]. */
  starts: Int32Array;
}

/** Cuts sequences into runs of at most `batchTokens` rows; a longer sequence is a run of its own. */
export function* encoderRuns<T extends EncoderSequence>(sequences: readonly T[], batchTokens: number): Generator<T[]> {
  let run: T[] = [];
  let rows = 0;
  for (const sequence of sequences) {
    if (run.length > 0 && rows + sequence.ids.length > batchTokens) {
      yield run;
      run = [];
      rows = 0;
    }
    run.push(sequence);
    rows += sequence.ids.length;
  }
  if (run.length > 0) yield run;
}

/**
 * Lays out the rows of a batch. The positions of RoBERTa count the tokens that are not padding, whose id (the row before the first
 * position) keeps a row of its own, also where a text spells it out.
 */
export function layOutSequences(
  sequences: readonly EncoderSequence[],
  { family, firstPosition }: Pick<EncoderConfig, 'family' | 'firstPosition'>,
): EncoderBatch {
  const padding = family === 'roberta' ? firstPosition - 1 : null;
  const starts = new Int32Array(sequences.length + 1);
  for (const [i, { ids }] of sequences.entries()) starts[i + 1] = starts[i]! + ids.length;
  const rows = starts.at(-1)!;
  const ids = new Int32Array(rows);
  const positions = new Int32Array(rows);
  const types = new Int32Array(rows);
  const spans = new Int32Array(4 * rows);
  for (const [i, sequence] of sequences.entries()) {
    const [start, end] = [starts[i]!, starts[i + 1]!];
    let position = firstPosition;
    for (let row = start; row < end; row++) {
      ids[row] = sequence.ids[row - start]!;
      positions[row] = ids[row] === padding ? padding : position++;
      types[row] = sequence.types?.[row - start] ?? 0;
      spans.set([0, 0, start, end], 4 * row);
    }
  }
  return { ids, positions, types, spans, starts };
}
