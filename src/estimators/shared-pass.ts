import type { Slate, SlateLog } from '../data/slate.js';

interface Link {
  result: IteratorResult<Slate>;
  /** What follows, once somebody has asked for it. */
  next?: Promise<Link>;
}

/** Slates that a reader may be late by and still join the pass. */
const LATEST_START = 4096;

/**
 * One pass over a log for several readers in step: each slate is read and checked once, and held until all of them have it.
 * A reader that begins when the pass has gone far is given a pass of its own.
 */
export class SharedPass {
  readonly #log: SlateLog;
  #slates: AsyncIterator<Slate> | Iterator<Slate> | undefined;
  #first: Link | undefined = { result: { done: false, value: undefined as never } };
  #read = 0;

  constructor(log: SlateLog) {
    this.#log = log;
  }

  async *reader(): AsyncGenerator<Slate> {
    if (this.#first === undefined) {
      yield* this.#log;
      return;
    }
    let link = this.#first;
    for (;;) {
      link.next ??= this.#advance();
      link = await link.next;
      if (link.result.done) return;
      yield link.result.value;
    }
  }

  /** Ends the pass where it is. */
  async close(): Promise<void> {
    await this.#slates?.return?.();
  }

  async #advance(): Promise<Link> {
    this.#slates ??=
      Symbol.asyncIterator in this.#log ? this.#log[Symbol.asyncIterator]() : this.#log[Symbol.iterator]();
    if (++this.#read > LATEST_START) this.#first = undefined;
    return { result: await this.#slates.next() };
  }
}
