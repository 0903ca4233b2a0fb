import { UsageError } from '../../errors.js';
import type { MethodConfig } from './config.js';
import { type GridOptions, gridTable } from './grid.js';
import type { Study } from './study.js';
import type { StudyTable } from './table.js';

/** One of the settings that a method is tried in. */
export interface Variant {
  /** For the table. */
  name: string;
  /** For folders. */
  suffix: string;
  method: MethodConfig;
}

/**
 * As `gridTable`, with several variants in the place of each method of POPE; others stay as they are. A baseline that has variants
 * is its first one.
 *
 * @throws UsageError STUDY_CONFIG where there is no method of POPE
 */
export async function variantTable(
  study: Study,
  options: GridOptions,
  variantsOf: (method: MethodConfig) => Variant[],
): Promise<StudyTable> {
  const { methods } = study.config;
  const names = new Map<string, { method: string; variant: string }>();
  const first = new Map<string, string>();
  const expanded = methods.flatMap((method) => {
    if (!trainsWithPope(study, method)) return [method];
    return variantsOf(method).map(({ name: variant, suffix, method: changed }) => {
      const name = `${method.name}-${suffix}`;
      names.set(name, { method: method.name, variant });
      if (!first.has(method.name)) first.set(method.name, name);
      return { ...changed, name };
    });
  });
  if (names.size === 0) {
    throw new UsageError('STUDY_CONFIG', 'methods: expected one that trains with POPE, which this is about, got none');
  }
  const { baseline } = study;
  const compared = baseline === null ? undefined : (first.get(baseline) ?? baseline);
  const table = await gridTable(study.with({ methods: expanded, baseline: compared }), options);
  const named = names.get(table.baseline ?? '');
  return {
    ...table,
    baseline: named === undefined ? table.baseline : `${named.method}, ${named.variant}`,
    rows: table.rows.map((row) => ({ ...row, ...names.get(row.method) })),
  };
}

/** Whether a method weighs responses by the logging policy. */
export function trainsWithPope({ config }: Study, { training }: MethodConfig): boolean {
  return training !== undefined && ({ ...config.training, ...training }.method ?? 'pope') === 'pope';
}
