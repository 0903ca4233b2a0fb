/**
 * Measures what docs/estimators.md quotes of coverage, false alarms and verdicts, at full size.
 * `node scripts/measure-estimators.mjs [logs]`, 2000 logs by default.
 */
import { spawnSync } from 'node:child_process';

const logs = process.argv[2] ?? '2000';
const MEASUREMENTS = [
  ['POPE_INTERVAL_LOGS', 'test/estimators/intervals/coverage.test.ts'],
  ['POPE_COVERAGE_SEEDS', 'test/experiments/coverage.test.ts'],
  ['POPE_GROUP_LOGS', 'test/estimators/across-groups.test.ts'],
  ['POPE_COMPARE_LOGS', 'test/estimators/compare'],
  ['POPE_STUDY_SEEDS', 'test/experiments/estimator-study.test.ts'],
];

for (const [variable, tests] of MEASUREMENTS) {
  const argv = ['vitest', 'run', tests, '--testTimeout', '7200000', '--disableConsoleIntercept'];
  const { status } = spawnSync('npx', argv, { stdio: 'inherit', env: { ...process.env, [variable]: logs } });
  if (status !== 0) process.exitCode = 1;
}
