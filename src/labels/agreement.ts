import { adjustedRand, normalizedMutualInformation } from '../metrics/cluster-agreement.js';
import { type MeasuredMean, meanWithInterval } from '../metrics/mean-with-interval.js';

/** How far two labellings of the same responses agree: means over queries, so that labels need only agree within a query. */
export interface LabelAgreement {
  /** Queries with at least two responses that both label. */
  queries: number;
  responses: number;
  adjustedRand: MeasuredMean;
  normalizedMutualInformation: MeasuredMean;
}

/** Gathers the labels of one query after the other. */
export class AgreementTally {
  readonly #adjustedRand: number[] = [];
  readonly #information: number[] = [];
  #responses = 0;

  /** Labels of the responses of one query; responses that lack one of them do not count. */
  add(given: readonly (string | undefined)[], found: readonly (string | undefined)[]): void {
    const both = given.flatMap((label, i) =>
      label === undefined || found[i] === undefined ? [] : [[label, found[i]]],
    );
    if (both.length < 2) return;
    const [a, b] = [both.map(([label]) => label!), both.map(([, label]) => label!)];
    this.#adjustedRand.push(adjustedRand(a, b));
    this.#information.push(normalizedMutualInformation(a, b));
    this.#responses += both.length;
  }

  /** Null where no query has two responses that both label. */
  result(options: { seed: number }): LabelAgreement | null {
    if (this.#adjustedRand.length === 0) return null;
    return {
      queries: this.#adjustedRand.length,
      responses: this.#responses,
      adjustedRand: meanWithInterval(this.#adjustedRand, options),
      normalizedMutualInformation: meanWithInterval(this.#information, options),
    };
  }
}
