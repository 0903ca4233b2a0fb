import type { Tensor } from '../tensor/tensor.js';
import type { ModelConfig } from './config.js';
import type { GenerationPrompt, Portion } from './generation-plan.js';
import { KeyValueCache } from './key-value-cache.js';
import { isLong } from './rope.js';
import type { Runner } from './score-batch.js';

/** A sample on its way. */
export class Sequence {
  readonly ids: number[] = [];
  logProb = 0;
  finish: 'stop' | 'length' | null = null;

  constructor(
    readonly prompt: number,
    /** Among the samples of its prompt. */
    readonly index: number,
    readonly stream: number,
    /** Most ids. */
    readonly limit: number,
  ) {}
}

/** Hidden states, and the row of them that predicts the next token of each sequence. */
export interface NextRows {
  hidden: Tensor<'f32'>;
  rows: number[];
  of: Sequence[];
}

/** The samples of one prompt and where their rows lie in the cache. */
interface Group {
  prompt: ArrayLike<number>;
  /** Row of the prompt's first token. */
  start: number;
  sequences: Sequence[];
}

/**
 * The sequences of a batch and their cache of keys and values: every prompt once, behind it the rows of each of its samples.
 * All live sequences have the same number of new tokens.
 */
export class CachedSequences {
  readonly all: Sequence[];
  private readonly groups: Group[] = [];
  private readonly cache: KeyValueCache;

  constructor(
    private readonly runner: Runner & { config: ModelConfig },
    prompts: readonly GenerationPrompt[],
    portions: readonly Portion[],
  ) {
    let start = 0;
    for (const { prompt, first, count, limit, rows } of portions) {
      const { ids, stream = prompt } = prompts[prompt]!;
      const sequences = Array.from({ length: count }, (_, i) => new Sequence(prompt, first + i, stream, limit));
      this.groups.push({ prompt: ids, start, sequences });
      start += rows;
    }
    this.all = this.groups.flatMap(({ sequences }) => sequences);
    this.cache = new KeyValueCache(runner.device, start);
  }

  /** Runs what was not run yet of the live sequences. */
  next(live: readonly Sequence[]): NextRows[] {
    const alive = new Set(live);
    const fresh = new RowsToRun();
    const newest = new RowsToRun();
    for (const group of this.groups) {
      const sequences = group.sequences.filter((sequence) => alive.has(sequence));
      if (sequences.length === 0) continue;
      const length = group.prompt.length + sequences[0]!.ids.length;
      const long = this.isLong(length);
      // As the reference's cached generation does, the factor of longrope goes by the current length: where it changes,
      // all that is cached was rotated by the wrong one.
      const again = long !== this.isLong(length - 1);
      if (length === group.prompt.length || again) this.runAll(fresh, group, sequences, long);
      else this.runNewest(newest, group, sequences, long);
    }
    return [this.run(fresh, 'packed'), this.run(newest, 'newest')].flatMap((rows) => rows ?? []);
  }

  [Symbol.dispose](): void {
    this.cache.dispose();
  }

  private isLong(length: number): boolean {
    const { config } = this.runner;
    return config.family !== 'gpt2' && isLong(config.rope, length);
  }

  /** Row of the cache for a sample's first token. */
  private ownStart({ prompt, start, sequences }: Group, { index, limit }: Sequence): number {
    return start + prompt.length + (index - sequences[0]!.index) * (limit - 1);
  }

  /** The prompt and every token of its sequences. */
  private runAll(to: RowsToRun, group: Group, sequences: readonly Sequence[], long: boolean): void {
    const begin = to.ids.length;
    for (let t = 0; t < group.prompt.length; t++) to.add(group.prompt[t]!, t, long, group.start + t);
    const end = to.ids.length;
    to.segments.push(begin, end, begin, begin);
    for (const sequence of sequences) {
      const start = to.ids.length;
      const row = this.ownStart(group, sequence);
      for (const [t, id] of sequence.ids.entries()) to.add(id, group.prompt.length + t, long, row + t);
      if (sequence.ids.length > 0) to.segments.push(start, to.ids.length, begin, end);
      to.predicts(sequence, to.ids.length - 1);
    }
  }

  /** The last token of every sequence. */
  private runNewest(to: RowsToRun, group: Group, sequences: readonly Sequence[], long: boolean): void {
    const { prompt, start } = group;
    for (const sequence of sequences) {
      const { ids } = sequence;
      const row = this.ownStart(group, sequence);
      to.add(ids.at(-1)!, prompt.length + ids.length - 1, long, row + ids.length - 1);
      to.segments.push(start, start + prompt.length, row, row + ids.length);
      to.predicts(sequence, to.ids.length - 1);
    }
  }

  private run(batch: RowsToRun, kind: 'packed' | 'newest'): NextRows | null {
    if (batch.of.length === 0) return null;
    const { device, network, inputs } = this.runner;
    const rows = inputs.rows({
      ids: Int32Array.from(batch.ids),
      positions: Int32Array.from(batch.positions),
      longRows: Uint8Array.from(batch.longRows),
      length: batch.length,
    });
    const segments = device.tensor(Int32Array.from(batch.segments), [batch.segments.length / 4, 4], 'i32');
    const index = device.tensor(Int32Array.from(batch.cacheRows), [batch.cacheRows.length], 'i32');
    const hidden = network.forward({ ...rows, attend: this.cache[kind](segments, index) });
    return { hidden, rows: batch.heads, of: batch.of };
  }
}

/** Rows of a batch on their way to the device. */
class RowsToRun {
  readonly ids: number[] = [];
  readonly positions: number[] = [];
  readonly longRows: number[] = [];
  readonly cacheRows: number[] = [];
  /** Of `attention` or, for the newest rows, the spans of `attention_decode`. */
  readonly segments: number[] = [];
  readonly heads: number[] = [];
  readonly of: Sequence[] = [];
  /** Tokens of the longest sequence. */
  length = 0;

  add(id: number, position: number, long: boolean, cacheRow: number): void {
    this.ids.push(id);
    this.positions.push(position);
    this.longRows.push(long ? 1 : 0);
    this.cacheRows.push(cacheRow);
    this.length = Math.max(this.length, position + 1);
  }

  predicts(sequence: Sequence, row: number): void {
    this.heads.push(row);
    this.of.push(sequence);
  }
}
