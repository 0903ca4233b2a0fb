/**
 * Measures what docs/estimators.md quotes of coverage, false alarms and verdicts, at full size.
 * `node scripts/measure-estimators.mjs [logs]`, 2000 logs by default, and a tenth of them for the study of all worlds, which evaluates each log
 * often.
 */
import { spawnSync } from 'node:child_process';

const logs = Number(process.argv[2] ?? 2000);
const MEASUREMENTS = [
  ['POPE_INTERVAL_LOGS', logs, 'test/estimators/intervals/coverage.test.ts'],
  ['POPE_COVERAGE_SEEDS', logs, 'test/experiments/coverage.test.ts'],
  ['POPE_GROUP_LOGS', logs, 'test/estimators/across-groups.test.ts'],
  ['POPE_COMPARE_LOGS', logs, 'test/estimators/compare'],
  ['POPE_STUDY_SEEDS', Math.ceil(logs / 10), 'test/experiments/estimator-study.test.ts'],
];

for (const [variable, count, tests] of MEASUREMENTS) {
  const argv = ['vitest', 'run', tests, '--testTimeout', '7200000', '--disableConsoleIntercept'];
  const { status } = spawnSync('npx', argv, { stdio: 'inherit', env: { ...process.env, [variable]: String(count) } });
  if (status !== 0) process.exitCode = 1;
}
