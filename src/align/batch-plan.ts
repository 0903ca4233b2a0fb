import { Random } from '../estimators/random.js';

/** Draws of the shuffling are kept apart from those of drawn responses, whose substream is a slate's position. */
const SHUFFLE_SUBSTREAM = 0xffff_ffff;

/** Which slates each step trains on: a pure function of the number of slates, the batch size and the seed. */
export class BatchPlan {
  /** Steps of one pass over all slates; the last batch of a pass may be smaller. */
  readonly stepsPerEpoch: number;
  readonly #slates: number;
  readonly #batch: number;
  readonly #seed: number;
  #epoch = -1;
  #order: number[] = [];

  constructor({ slates, batch, seed }: { slates: number; batch: number; seed: number }) {
    this.#slates = slates;
    this.#batch = batch;
    this.#seed = seed;
    this.stepsPerEpoch = Math.ceil(slates / batch);
  }

  /** Positions of the slates of a step, counted from 0. */
  at(step: number): number[] {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (epoch !== this.#epoch) {
      this.#order = shuffled(this.#slates, new Random(this.#seed, epoch, SHUFFLE_SUBSTREAM));
      this.#epoch = epoch;
    }
    const start = (step % this.stepsPerEpoch) * this.#batch;
    return this.#order.slice(start, start + this.#batch);
  }
}

/** Fisher and Yates. */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
