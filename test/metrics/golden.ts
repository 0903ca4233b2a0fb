import { readFileSync } from 'node:fs';

/** Golden values of test/fixtures/ope, whose README says what they are; 'nan' becomes NaN. */
// biome-ignore lint/suspicious/noExplicitAny: the tests read the published shape
export function golden(name: string): any {
  const text = readFileSync(new URL(`../fixtures/ope/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value) => (value === 'nan' ? Number.NaN : value));
}

/** What that README asks of everything in float64. */
export const goldenTolerance = { atol: 1e-12, rtol: 1e-9 };
