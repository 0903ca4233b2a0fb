import { type Run, runsOf } from '../inputs/run.js';
import type { Block, Section } from '../model.js';
import { slug } from './shared.js';

const METRICS = [
  ['utility', 'utility'],
  ['coverage6', 'coverage of 6'],
  ['coverage50', 'of 50'],
  ['weightedCoverage6', 'of 6 by share'],
  ['totalVariation', 'total variation'],
  ['invalidShare', 'invalid'],
  ['distinct2', 'distinct-2'],
] as const;

/** All methods of an experiment in its worlds, and what the log says they are worth beside the truth. */
export function experiments(runs: readonly Run[]): Section | null {
  const worlds = runsOf(runs, 'experiment').flatMap(({ data }) => data.worlds);
  if (worlds.length === 0) return null;
  const blocks = worlds.flatMap(({ world, seeds, rows, references, values }): Block[] => [
    {
      kind: 'table',
      folded: true,
      table: {
        id: slug('world', world),
        caption: `World ${world}: methods by what they answer to test queries, means over ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}; in brackets the policies of the world itself`,
        columns: [
          { key: 'method', title: 'method' },
          { key: 'temperature', title: 'temperature' },
          ...METRICS.map(([key, title]) => ({ key, title, format: 'number' as const })),
        ],
        rows: [
          ...rows.map(({ method, temperature, metrics }) => ({ method, temperature, ...meansOf(metrics) })),
          ...references.map(({ policy, metrics }) => ({
            ...{ method: `(${policy})`, temperature: null },
            ...meansOf(metrics),
          })),
        ],
      },
    },
    {
      kind: 'table',
      table: {
        id: slug('world-values', world),
        caption: `World ${world}: the value in truth, as estimated from the log, and the paper's index with its own limit V_Z`,
        columns: [
          { key: 'method', title: 'method' },
          { key: 'truth', title: 'true V', format: 'number' },
          { key: 'estimate', title: 'estimate', format: 'number' },
          { key: 'limit', title: 'V_Z', format: 'number' },
          { key: 'index', title: 'index', format: 'number' },
          { key: 'approval', title: 'true approval', format: 'number' },
          { key: 'approvalEstimate', title: 'its estimate', format: 'number' },
          { key: 'covered', title: 'approval in interval' },
        ],
        rows: values.map(({ method, value, utility, covered }) => ({
          method,
          truth: value.truth?.mean ?? null,
          estimate: value.estimate?.mean ?? null,
          limit: value.limit?.mean ?? null,
          index: value.index?.mean ?? null,
          approval: utility.truth?.mean ?? null,
          approvalEstimate: utility.estimate?.mean ?? null,
          covered: `${covered.utility} of ${seeds.length}`,
        })),
      },
    },
  ]);
  return { id: 'experiment', title: 'Methods in worlds whose truth is known', blocks };
}

function meansOf(metrics: Record<string, { mean: number } | null>): Record<string, number | null> {
  return Object.fromEntries(METRICS.map(([key]) => [key, metrics[key]?.mean ?? null]));
}
