import { describeValue, UsageError } from '../errors.js';
import type { Transform, TransformName } from '../native/objective.js';

export type { Transform, TransformName } from '../native/objective.js';

/** `"clip:10"`, or the same as an object; 'none' is another name of 'identity', which takes no value. */
export type TransformOption = string | { name: string; value?: number | undefined };

const parameters: Record<string, { formula: string; range: string; holds(value: number): boolean }> = {
  clip: { formula: 'min(w, t)', range: 'above 0', holds: (t) => t > 0 },
  power: { formula: 'w^t', range: 'from 0 to 1', holds: (t) => t >= 0 && t <= 1 },
  shrinkage: { formula: 't w / (w^2 + t)', range: 'above 0', holds: (t) => t > 0 },
  'sub-gaussian': { formula: 'w / (1 - t + t w)', range: 'from 0 to 1', holds: (t) => t >= 0 && t <= 1 },
};

/**
 * The transform h of importance weights that an option names (docs/theory.md section 6).
 *
 * Throws `UsageError` TRANSFORM for an unknown name and for a value that is missing, superfluous or out of range.
 */
export function parseTransform(option: TransformOption = 'identity'): Transform {
  const { name, value } = split(option);
  if (name === 'none' || name === 'identity') {
    if (value !== undefined) throw new UsageError('TRANSFORM', `transform "${name}" takes no value, got ${value}`);
    return { name: 'identity', value: 0 };
  }
  const rule = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (!rule) {
    const known = Object.entries(parameters).map(([key, { formula }]) => `${key} (${formula})`);
    throw new UsageError(
      'TRANSFORM',
      `unknown transform ${describeValue(name)}; known are none and, with a number t as in "clip:10", ` +
        known.join(', '),
    );
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || !rule.holds(value)) {
    throw new UsageError(
      'TRANSFORM',
      `transform "${name}" is ${rule.formula} with a number t ${rule.range}, as in "${name}:0.5"; ` +
        `got ${describeValue(value)}`,
    );
  }
  return { name: name as TransformName, value };
}

/** The option that `parseTransform` reads back: 'identity' or NAME:VALUE. */
export function formatTransform({ name, value }: Transform): string {
  return name === 'identity' ? name : `${name}:${value}`;
}

function split(option: TransformOption): { name: string; value?: number | undefined } {
  if (typeof option !== 'string') return option;
  const [name = '', text, ...rest] = option.split(':');
  if (text === undefined) return { name };
  const value = text.trim() === '' || rest.length > 0 ? Number.NaN : Number(text);
  return { name, value };
}
