import { UsageError } from '../errors.js';
import { Tensor } from './tensor.js';

/** The open `device.scope` calls of one device, innermost last, and the tensors made in each. */
export class Scopes {
  readonly #open: Set<Tensor>[] = [];

  /** Called for every new tensor. */
  add(tensor: Tensor): void {
    this.#open.at(-1)?.add(tensor);
  }

  /** Takes a tensor out of every open scope: it lives until its own dispose(). */
  keep(tensor: Tensor): void {
    for (const scope of this.#open) scope.delete(tensor);
  }

  /** Number of open scopes. */
  get depth(): number {
    return this.#open.length;
  }

  /** Takes a tensor out of the scopes opened at `depth` or deeper, if it was made in one of them. */
  take(tensor: Tensor, depth: number): boolean {
    return this.#open.slice(depth).some((scope) => scope.delete(tensor));
  }

  /** See `Device.scope`. */
  run<T>(body: () => T): T {
    const { result, made } = this.collect(body);
    const returned = new Set(tensorsIn(result));
    for (const tensor of made) {
      if (returned.has(tensor)) this.add(tensor);
      else tensor.dispose();
    }
    return result;
  }

  /** Runs a synchronous function in a scope whose tensors pass to the caller; after an error they are disposed. */
  collect<T>(body: () => T): { result: T; made: Set<Tensor> } {
    const made = new Set<Tensor>();
    this.#open.push(made);
    let finished = false;
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new UsageError(
          'ASYNC_SCOPE',
          'device.scope() needs a synchronous function: enqueue inside it, return the tensors to read, and await outside',
        );
      }
      finished = true;
      return { result, made };
    } finally {
      this.#open.pop();
      if (!finished) for (const tensor of made) tensor.dispose();
    }
  }
}

/** The tensors in a result: itself, or in arrays and plain objects of any depth. */
function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) {
    yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* tensorsIn(item);
  } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) yield* tensorsIn(item);
  }
}
