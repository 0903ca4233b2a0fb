import { setImmediate } from 'node:timers/promises';

/** Milliseconds that work may keep the event loop waiting. */
const LONGEST = 5;

/** For long loops over small pieces of work: says when the event loop should have its turn. */
export class Turns {
  #since = performance.now();

  get due(): boolean {
    return performance.now() - this.#since > LONGEST;
  }

  async take(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
