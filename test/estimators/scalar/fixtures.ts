import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { ScalarLog } from '../../../src/estimators/scalar/input.js';

export const LOGS = [
  'log-n200-k3-binary',
  'log-n200-k10-continuous',
  'log-n200-k4-signed',
  'log-n2000-k5-binary',
  'log-n2000-k10-continuous',
];

/** A file of test/fixtures/ope; the strings for numbers that JSON lacks become those numbers. */
export function fixture(name: string) {
  const special: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
  const text = readFileSync(new URL(`../../fixtures/ope/${name}.json`, import.meta.url), 'utf8');
  return JSON.parse(text, (_, value) => (typeof value === 'string' ? (special[value] ?? value) : value));
}

/** The peer's names of the estimators. */
export const OURS: Record<string, string> = {
  rm: 'replay',
  ipw: 'ips',
  snipw: 'snips',
  dm: 'dm',
  dr: 'dr',
  sndr: 'sndr',
  'switch-dr': 'switch-dr',
  'dr-os': 'dros',
  'sg-ipw': 'sg-ips',
  'sg-dr': 'sg-dr',
  'b-ipw': 'balanced-ips',
};

export function logOf(input: Record<string, number[]> & { n: number; k: number }, policy = 'pi_e'): ScalarLog {
  const oneHot = () => {
    const rows = new Float64Array(input.n * input.k);
    input.pi_e_det!.forEach((action, i) => {
      rows[i * input.k + action] = 1;
    });
    return rows;
  };
  return {
    reward: input.reward!,
    action: input.action!,
    propensity: input.pscore!,
    policy: policy === 'pi_e' ? input.pi_e! : oneHot(),
    qHat: input.q_hat!,
    k: input.k,
  };
}

/** Options of `estimate` for a row of a fixture. */
export function optionsOf(
  input: Record<string, number[]>,
  { estimator, params = {} }: { estimator: string; params?: { lambda?: number; use_estimated_pscore?: boolean } },
) {
  return {
    lambda: params.lambda,
    estimatedPropensity: params.use_estimated_pscore ? input.est_pscore! : undefined,
    estimatedWeight: estimator === 'b-ipw' ? input.est_iw! : undefined,
  };
}

/** Relative 1e-9, absolute 1e-12, as the fixtures' README asks; 1e-8 where it says so. */
export function expectGolden(value: number, golden: number, what: string, relative = 1e-9): void {
  const allowed = 1e-12 + relative * Math.abs(golden);
  if (!(Math.abs(value - golden) <= allowed)) expect.fail(`${what}: got ${value}, the fixture has ${golden}`);
}
