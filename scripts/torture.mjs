/**
 * The tests that take longer than `npm test` may: those of test/torture, the fuzzing, and native code under sanitizers. `--quick`
 * runs a tenth of the cases, of the fuzzing the readers alone, and no sanitizers; POPE_TORTURE_SEED gives other cases than the
 * usual ones. At the end it prints what each part came to, and what was left out.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const unknown = process.argv.slice(2).filter((argument) => argument !== '--quick');
if (unknown.length > 0) {
  console.error(`torture: expected nothing or --quick, got ${unknown.join(' ')}`);
  process.exit(2);
}
const isQuick = process.argv.includes('--quick');
const scratch = mkdtempSync(join(tmpdir(), 'pope-torture-'));
const summary = join(scratch, 'summary');
const lines = [];

/** Runs a script, shows what it prints, and keeps the lines that `told` matches. */
function part(args, { told, environment = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['inherit', told === undefined ? 'inherit' : 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    });
    let text = '';
    child.stdout?.on('data', (chunk) => {
      process.stdout.write(chunk);
      text += chunk;
    });
    child.on('close', (code) => {
      lines.push(...text.split('\n').filter((line) => told?.test(line)));
      if (code !== 0) lines.push(`FAILED: ${args.join(' ')}`);
      resolve(code === 0);
    });
  });
}

const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/torture/vitest.config.ts'];
const environment = { POPE_TORTURE_QUICK: isQuick ? '1' : '0', POPE_TORTURE_SUMMARY: summary };
/** Beside the tests, which take an hour of the clock, but not of the processors. */
async function fuzzAndSanitize() {
  // One seed, so that what passes once passes always.
  const amount = isQuick ? ['--readers', '--runs', '60000', '--seed', '1'] : [];
  const fuzzed = await part(['scripts/fuzz.mjs', ...amount], { told: /^fuzz:/ });
  if (!isQuick) return (await part(['scripts/simt-sanitizers.mjs'], { told: / sanitizer[:,]/ })) && fuzzed;
  lines.push('left out by --quick: fuzzing of native code, sanitizers (npm run fuzz, npm run sanitize)');
  return fuzzed;
}
const passed = await Promise.all([part(vitest, { environment }), fuzzAndSanitize()]);
if (existsSync(summary)) lines.push(...readFileSync(summary, 'utf8').trim().split('\n'));
rmSync(scratch, { recursive: true });
lines.push('left out always: the addon under AddressSanitizer, which takes a build of its own (CONTRIBUTING.md)');

console.log(`\ntorture: in short\n${lines.map((line) => `  ${line}\n`).join('')}`);
process.exitCode = passed.every(Boolean) ? 0 : 1;
