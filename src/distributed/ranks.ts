import { createHash } from 'node:crypto';
import { UsageError } from '../errors.js';
import type { TrainedParameters } from '../models/trained-parameters.js';
import type { Communicator } from './communicator.js';
import { GradientSum } from './gradient-sum.js';
import type { Place } from './parts.js';

const BUSY = 0;
const DONE = 1;
/** Milliseconds between two signs of life: often against the minutes after which a silent rank counts as hung. */
const BEAT = 5_000;

/** Errors that every rank has met at the same place. */
const shared = new WeakSet<object>();

/** Says of an error that every rank has it: none of them waits for another. */
export function ofAllRanks<E extends object>(error: E): E {
  shared.add(error);
  return error;
}

/** Whether every rank has this error; after any other one the others have to be aborted. */
export function isOfAllRanks(error: unknown): boolean {
  return typeof error === 'object' && error !== null && shared.has(error);
}

/**
 * How the ranks of a run share the work of a batch: each does a part of it, in order, and all of them know the results of all.
 * As for the methods of a communicator, every rank must make the same calls in the same order. A single rank does everything
 * and waits for nobody.
 */
export class Ranks implements Place {
  readonly rank: number;
  readonly size: number;

  /** @param communicator null for a single rank */
  constructor(private readonly communicator: Communicator | null) {
    this.rank = communicator?.rank ?? 0;
    this.size = communicator?.size ?? 1;
  }

  /** Whether this is the rank that writes and speaks for all. */
  get isFirst(): boolean {
    return this.rank === 0;
  }

  /** The values of all ranks, one after the other. */
  async join(values: Float64Array): Promise<Float64Array> {
    if (this.communicator === null) return values;
    const all = await this.communicator.gather(values);
    return Float64Array.from(all.flatMap((each) => [...each]));
  }

  /** Whether any rank says so. */
  async any(flag: boolean): Promise<boolean> {
    return (await this.join(Float64Array.of(flag ? 1 : 0))).includes(1);
  }

  /**
   * Waits for all ranks, and checks that they have the same.
   *
   * @param what it is, for people
   * @throws UsageError RANKS_DIFFER, in all ranks
   */
  async expectSame(what: string, value: string): Promise<void> {
    const hash = createHash('sha256').update(value).digest();
    const hashes = await this.join(Float64Array.of(hash.readUIntBE(0, 6)));
    const other = hashes.findIndex((each) => each !== hashes[0]);
    if (other < 0) return;
    const how = 'start every rank with the same command and the same files';
    throw ofAllRanks(new UsageError('RANKS_DIFFER', `rank ${other} does not have the ${what} of rank 0; ${how}`));
  }

  /** To sum the gradients over the ranks; null where there is one. */
  gradientSum(trained: TrainedParameters): GradientSum | null {
    return this.communicator && new GradientSum(trained, this.communicator);
  }

  /** The first rank does what may take a while; the others wait for the end of it, and hear meanwhile that it goes on. */
  async byFirst(work: () => Promise<void>): Promise<void> {
    const { communicator } = this;
    if (communicator === null) return work();
    if (!this.isFirst) {
      while ((await communicator.gather(new Float64Array(0)))[0]![0] === BUSY);
      return;
    }
    const say = (word: number) => communicator.gather(Float64Array.of(word));
    const beats: Promise<unknown>[] = [];
    const beat = setInterval(() => beats.push(say(BUSY)), BEAT);
    try {
      await work();
    } finally {
      clearInterval(beat);
    }
    await Promise.all([...beats, say(DONE)]);
  }
}
