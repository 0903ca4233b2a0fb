import { percent, readable } from '../../numbers.js';
import type { Cell, Column } from '../model.js';

/** A cell for people. */
export function cellText(cell: Cell | undefined, { format }: Column): string {
  if (cell === null || cell === undefined) return '–';
  if (typeof cell === 'string') return cell;
  // What rounding errors leave of zero is zero.
  const value = Math.abs(cell) < 1e-12 ? 0 : cell;
  if (format === undefined || format === 'text') return String(value);
  return (format === 'percent' ? percent(value) : readable(value)).replace(/^-/, '−');
}

export function isNumeric({ format }: Column): boolean {
  return format === 'number' || format === 'percent';
}
