import type { Tensor } from '../tensor/tensor.js';
import type { ModelConfig } from './config.js';
import type { GenerationPrompt, Portion } from './generation-plan.js';
import { KeyValueCache } from './key-value-cache.js';
import type { Attend, NetworkInput } from './network.js';
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

/** The newest token of each sequence, as rows on the device that the caller owns. */
export interface NewestRows {
  of: Sequence[];
  input: Omit<NetworkInput, 'attend'>;
  attend: Attend;
  /** Rows of the cache that keep them, i32 [rows]. */
  cacheRows: Tensor<'i32'>;
  /** Rows of the cache that they see, i32 [rows, 4]. */
  spans: Tensor<'i32'>;
}

/** The samples of one prompt and where their rows lie in the cache. */
interface Group {
  prompt: ArrayLike<number>;
  /** Row of the prompt's first token. */
  start: number;
  sequences: Sequence[];
}

interface LiveGroup extends Group {
  /** Those of its sequences that have not ended; at least one. */
  live: Sequence[];
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

  /** How many of the next steps run the newest token of each live sequence and nothing else. */
  stepsAhead(live: readonly Sequence[]): number {
    return Math.min(...this.alive(live).map((group) => this.stepsOf(group)));
  }

  /** Runs what was not run yet of the live sequences. */
  next(live: readonly Sequence[]): NextRows[] {
    const fresh = new RowsToRun();
    const newest = new RowsToRun();
    for (const group of this.alive(live)) {
      if (this.stepsOf(group) === 0) this.runAll(fresh, group);
      else this.runNewest(newest, group);
    }
    return [this.run(fresh, 'packed'), this.run(newest, 'newest')].flatMap((rows) => rows ?? []);
  }

  /** What the next step runs, where `stepsAhead` is not 0, ready for positions up to the end of each sequence. */
  newest(live: readonly Sequence[]): NewestRows {
    const rows = new RowsToRun();
    for (const group of this.alive(live)) {
      this.runNewest(rows, group);
      rows.length = Math.max(rows.length, group.prompt.length + group.live[0]!.limit);
    }
    const { input, segments, index } = this.upload(rows);
    return { of: rows.of, input, cacheRows: index, spans: segments, attend: this.cache.newest(segments, index) };
  }

  [Symbol.dispose](): void {
    this.cache.dispose();
  }

  private alive(live: readonly Sequence[]): LiveGroup[] {
    const alive = new Set(live);
    return this.groups
      .map((group) => ({ ...group, live: group.sequences.filter((sequence) => alive.has(sequence)) }))
      .filter((group) => group.live.length > 0);
  }

  /**
   * As the reference's cached generation does, the factor of longrope goes by the current length: where it changes, all that
   * is cached was rotated by the wrong one. 0: the group's prompt has not been run, or is to be run again.
   */
  private stepsOf({ prompt, live }: LiveGroup): number {
    const { config } = this.runner;
    const drawn = live[0]!.ids.length;
    const length = prompt.length + drawn;
    if (drawn === 0) return 0;
    if (config.family === 'gpt2' || config.rope.type !== 'longrope') return Number.POSITIVE_INFINITY;
    const { originalContext } = config.rope;
    return length - 1 > originalContext ? Number.POSITIVE_INFINITY : originalContext + 1 - length;
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
  private runAll(to: RowsToRun, group: LiveGroup): void {
    const long = this.isLong(group.prompt.length + group.live[0]!.ids.length);
    const begin = to.ids.length;
    for (let t = 0; t < group.prompt.length; t++) to.add(group.prompt[t]!, t, long, group.start + t);
    const end = to.ids.length;
    to.segments.push(begin, end, begin, begin);
    for (const sequence of group.live) {
      const start = to.ids.length;
      const row = this.ownStart(group, sequence);
      for (const [t, id] of sequence.ids.entries()) to.add(id, group.prompt.length + t, long, row + t);
      if (sequence.ids.length > 0) to.segments.push(start, to.ids.length, begin, end);
      to.predicts(sequence, to.ids.length - 1);
    }
  }

  /** The last token of every sequence. */
  private runNewest(to: RowsToRun, group: LiveGroup): void {
    const { prompt, start, live } = group;
    for (const sequence of live) {
      const { ids } = sequence;
      const long = this.isLong(prompt.length + ids.length);
      const row = this.ownStart(group, sequence);
      to.add(ids.at(-1)!, prompt.length + ids.length - 1, long, row + ids.length - 1);
      to.segments.push(start, start + prompt.length, row, row + ids.length);
      to.predicts(sequence, to.ids.length - 1);
    }
  }

  private run(batch: RowsToRun, kind: 'packed' | 'newest'): NextRows | null {
    if (batch.of.length === 0) return null;
    const { input, segments, index } = this.upload(batch);
    const hidden = this.runner.network.forward({ ...input, attend: this.cache[kind](segments, index) });
    return { hidden, rows: batch.heads, of: batch.of };
  }

  private upload(batch: RowsToRun) {
    const { device, inputs } = this.runner;
    const input = inputs.rows({
      ids: Int32Array.from(batch.ids),
      positions: Int32Array.from(batch.positions),
      longRows: Uint8Array.from(batch.longRows),
      length: batch.length,
    });
    const segments = device.tensor(Int32Array.from(batch.segments), [batch.segments.length / 4, 4], 'i32');
    const index = device.tensor(Int32Array.from(batch.cacheRows), [batch.cacheRows.length], 'i32');
    return { input, segments, index };
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
