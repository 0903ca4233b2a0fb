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

  /** See `Device.scope`. */
  run<T>(body: () => T): T {
    const made = new Set<Tensor>();
    let returned = new Set<Tensor>();
    this.#open.push(made);
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new UsageError(
          'ASYNC_SCOPE',
          'device.scope() needs a synchronous function: enqueue inside it, return the tensors to read, and await outside',
        );
      }
      returned = new Set(tensorsIn(result));
      return result;
    } finally {
      this.#open.pop();
      for (const tensor of made) {
        if (returned.has(tensor)) this.add(tensor);
        else tensor.dispose();
      }
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
