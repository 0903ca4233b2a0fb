import { describeValue, UsageError } from '../errors.js';

export const SCHEDULES = ['constant', 'linear', 'cosine'] as const;

/** How the learning rate changes over a run. */
export interface Schedule {
  name: (typeof SCHEDULES)[number];
  /** Largest learning rate. */
  rate: number;
  /** Steps over which it rises from rate / warmup to `rate`; 0 for none. */
  warmup: number;
  /** Steps of the run. */
  steps: number;
}

/**
 * The learning rate of a step, counted from 0: a linear rise over `warmup` steps, then constant, or down to 0 just after
 * the last step along a line or half a cosine.
 */
export function learningRate({ name, rate, warmup, steps }: Schedule, step: number): number {
  if (step < warmup) return (rate * (step + 1)) / warmup;
  if (name === 'constant') return rate;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return name === 'linear' ? rate * (1 - progress) : (rate * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** @throws UsageError SCHEDULE naming the setting, what was expected and what came */
export function checkSchedule(schedule: Schedule): void {
  const refuse = (what: string, expected: string, got: unknown) => {
    throw new UsageError('SCHEDULE', `${what}: expected ${expected}, got ${describeValue(got)}`);
  };
  const { name, rate, warmup, steps } = schedule;
  if (!SCHEDULES.includes(name)) refuse('schedule', `one of ${SCHEDULES.join(', ')}`, name);
  if (!(rate > 0 && Number.isFinite(rate))) refuse('learning rate', 'a number above 0', rate);
  if (!(Number.isSafeInteger(steps) && steps > 0)) refuse('steps', 'a whole number above 0', steps);
  if (!(Number.isSafeInteger(warmup) && warmup >= 0 && warmup <= steps)) {
    refuse('warmup', `a whole number from 0 to the ${steps} steps of the run`, warmup);
  }
}
