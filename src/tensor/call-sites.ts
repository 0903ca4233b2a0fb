/**
 * Where the latest ops were called from. An op fails on the device's thread long after its call returned; the reader of its
 * result then learns from here whose call it was. Capturing costs a few microseconds, and text is made only when asked.
 */
export class CallSites {
  readonly #ring: { sequence: number; site: { stack?: string } }[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Remembers the caller of `callee` for the op of this number, and forgets the op `capacity` before it. */
  remember(sequence: number, callee: (...args: never[]) => unknown): void {
    const site: { stack?: string } = {};
    Error.captureStackTrace(site, callee);
    this.#ring[sequence % this.#capacity] = { sequence, site };
  }

  /** The stack's lines below the heading, or null when the op was too long ago. */
  framesOf(sequence: number): string | null {
    const entry = this.#ring[sequence % this.#capacity];
    return entry?.sequence === sequence ? (entry.site.stack ?? '').split('\n').slice(1).join('\n') : null;
  }
}
