import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Slate } from './slate.js';
import type { Split } from './split.js';

/** Bytes of the hash that stands for a query: among a million queries some two collide once in five hundred logs. */
const BYTES = 6;

const hashes = z
  .base64()
  .refine((text) => Buffer.byteLength(text, 'base64') % BYTES === 0, `expected base64 of ${BYTES} bytes a query`);

/** How a file has it: hashes in ascending order, one after the other. */
export const trainedQueriesSchema = z.object({ train: hashes, validation: hashes });

/**
 * The queries that trained a model, and those that chose among its checkpoints, so that later evaluations can tell. A query
 * is known by its id and its text: the same in another file, with other responses, is the same query.
 */
export class TrainedQueries {
  readonly #train: readonly number[];
  readonly #validation: readonly number[];

  private constructor(train: Iterable<number>, validation: Iterable<number>) {
    const ordered = (values: Iterable<number>) => [...new Set(values)].sort((a, b) => a - b);
    this.#train = ordered(train);
    const isTrained = (value: number) => contains(this.#train, value);
    this.#validation = ordered(validation).filter((value) => !isTrained(value));
  }

  /** Pairs of a query's `hashOf` and its split. */
  static of(queries: readonly (readonly [hash: number, split: Split])[]): TrainedQueries {
    const in_ = (wanted: Split) => queries.flatMap(([hash, split]) => (split === wanted ? [hash] : []));
    return new TrainedQueries(in_('train'), in_('validation'));
  }

  static hashOf({ id, prompt, messages }: Pick<Slate, 'id' | 'prompt' | 'messages'>): number {
    return createHash('sha256')
      .update(JSON.stringify([id, prompt ?? messages?.map(({ role, content }) => [role, content])]))
      .digest()
      .readUIntBE(0, BYTES);
  }

  /** @param json as `toJSON` gives it, checked */
  static parse({ train, validation }: z.output<typeof trainedQueriesSchema>): TrainedQueries {
    return new TrainedQueries(decode(train), decode(validation));
  }

  /** 'test' stands for every query that did neither. */
  splitOf(slate: Pick<Slate, 'id' | 'prompt' | 'messages'>): Split {
    const hash = TrainedQueries.hashOf(slate);
    if (contains(this.#train, hash)) return 'train';
    return contains(this.#validation, hash) ? 'validation' : 'test';
  }

  /** Of a model that was trained twice. */
  and(other: TrainedQueries): TrainedQueries {
    return new TrainedQueries([...this.#train, ...other.#train], [...this.#validation, ...other.#validation]);
  }

  toJSON(): z.input<typeof trainedQueriesSchema> {
    return { train: encode(this.#train), validation: encode(this.#validation) };
  }
}

function contains(ascending: readonly number[], value: number): boolean {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === value;
}

function encode(values: readonly number[]): string {
  const buffer = Buffer.alloc(BYTES * values.length);
  for (const [i, value] of values.entries()) buffer.writeUIntBE(value, BYTES * i, BYTES);
  return buffer.toString('base64');
}

function decode(text: string): number[] {
  const buffer = Buffer.from(text, 'base64');
  return Array.from({ length: buffer.length / BYTES }, (_, i) => buffer.readUIntBE(BYTES * i, BYTES));
}
