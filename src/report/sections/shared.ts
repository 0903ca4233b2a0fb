import type { Interval, Verdict } from '../../estimators/result.js';
import { percent, readable } from '../../numbers.js';
import type { Column } from '../model.js';
import type { PolicyColours } from '../palette.js';

/** What every section needs besides its runs. */
export interface SectionContext {
  colours: PolicyColours;
}

export const VERDICT_WORDS: Record<Verdict, string> = {
  reliable: 'Reliable: supported by the log',
  caution: 'Caution: see the reasons',
  unreliable: 'Unreliable: not supported by the log',
};

/** Columns of a value and the bounds of its interval. */
export function valueColumns(title: string, format: Column['format'] = 'number'): Column[] {
  return [
    { key: 'value', title, format },
    { key: 'low', title: 'low', format },
    { key: 'high', title: 'high', format },
  ];
}

export function bounds(interval: Pick<NonNullable<Interval>, 'low' | 'high'> | null) {
  return { low: interval?.low ?? null, high: interval?.high ?? null };
}

/** "95 % interval 9.822 to 10.06" */
export function intervalWords(interval: Pick<NonNullable<Interval>, 'low' | 'high'> | null, alpha: number): string {
  return interval === null
    ? 'no interval'
    : `${percent(1 - alpha)} interval ${readable(interval.low)} to ${readable(interval.high)}`;
}

/** "a, b and c" */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A name that is fit for a file. */
export function slug(...names: readonly string[]): string {
  return names
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80);
}
