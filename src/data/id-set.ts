/** A set of any number of ids; one JavaScript Set ends at 2^24 entries. */
export class IdSet {
  readonly #sets: Set<string>[] = [new Set()];

  has(id: string): boolean {
    return this.#sets.some((set) => set.has(id));
  }

  /** False when the id was there already. */
  add(id: string): boolean {
    if (this.has(id)) return false;
    if (this.#sets.at(-1)!.size === CAPACITY) this.#sets.push(new Set());
    this.#sets.at(-1)!.add(id);
    return true;
  }
}

const CAPACITY = 1 << 24;
