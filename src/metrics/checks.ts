import { describeValue, UsageError } from '../errors.js';

/** @throws UsageError METRIC_OPTION unless `holds` */
export function requireOption(name: string, holds: boolean, value: unknown, expected: string): void {
  if (holds) return;
  throw new UsageError('METRIC_OPTION', `Option ${name} of a metric must be ${expected}, not ${describeValue(value)}.`);
}

export function requirePositiveInteger(name: string, value: number): void {
  requireOption(name, Number.isInteger(value) && value >= 1, value, 'an integer of at least 1');
}

/** @throws UsageError METRIC_INPUT unless `holds`; `message` says what was expected and what came */
export function requireInput(holds: boolean, message: string): void {
  if (!holds) throw new UsageError('METRIC_INPUT', message);
}

/** @throws UsageError METRIC_INPUT, naming the first value that is not a finite number */
export function requireFinite(what: string, values: ArrayLike<number>): void {
  const bad = Array.from(values).findIndex((value) => !Number.isFinite(value));
  requireInput(bad < 0, `${what}: number ${bad} is ${describeValue(values[bad])}; expected finite numbers.`);
}

/** @throws UsageError METRIC_INPUT where there is no text */
export function requireTexts(texts: readonly string[]): void {
  requireInput(texts.length > 0, 'A metric of generated texts needs at least one text (it may be empty), got none.');
}
