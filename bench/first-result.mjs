/**
 * Question: how much work is it from the package's tarball to a first result, in an empty folder of a machine without a compiler?
 * Time on the clock and processor time of npm, npx and `pope demo --quick`, whose answer is compared with the README; dependencies
 * come from npm's cache, which the warm-up round fills. The folder lies among temporary files: TMPDIR chooses the disk.
 * Run: node bench/first-result.mjs [--quick] [--json]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quick, report, spread } from './harness/measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'pope-bench-'));
const folder = join(scratch, 'empty');
try {
  const tarball = pack();
  const path = toolsWithoutCompiler();
  const [, expected] = /^(Estimated value .*)$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'));

  const install = () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    return shell(`npm install --prefer-offline --ignore-scripts --no-audit --no-fund ${tarball}`, path);
  };
  const demo = () => {
    const { stdout, ...times } = shell('npx pope demo --quick', path);
    if (!stdout.includes(expected)) throw new Error(`expected "${expected}", got ${stdout}`);
    return times;
  };
  const rounds = [];
  for (let round = -1; round < (quick ? 1 : 5); round++) {
    const times = { 'npm install': install(), 'npx pope demo --quick': demo() };
    if (round >= 0) rounds.push(times);
  }
  for (const [title, unit] of [
    ['on the clock', 'clock'],
    ['processor time', 'processor'],
  ]) {
    const row = (name, time) => ({ name, ...spread(rounds.map(time)), ratio: 1 });
    const together = (times) => Object.values(times).reduce((sum, each) => sum + each[unit], 0);
    const each = Object.keys(rounds[0]).map((name) => row(name, (times) => times[name][unit]));
    report(`From the tarball to a first result, ${title}`, [row('to the first result', together), ...each]);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function pack() {
  execFileSync(process.execPath, [join(root, 'scripts/prebuild.mjs'), '--cpu'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const options = ['--json', '--ignore-scripts', '--pack-destination', scratch];
  const packed = JSON.parse(
    execFileSync('npm', ['pack', ...options], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  return join(scratch, Object.values(packed)[0].filename);
}

/** A folder with nothing but Node, npm, npx and a shell. */
function toolsWithoutCompiler() {
  const tools = join(scratch, 'tools');
  mkdirSync(tools);
  for (const name of ['node', 'npm', 'npx', 'sh']) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(found, join(tools, name));
  }
  return tools;
}

/** Runs a command in the folder: milliseconds on the clock, and of the processor in all its processes, as the shell has counted them. */
function shell(command, path) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_cache$)|POPE_|NODE_)/.test(name)),
  );
  const script = `${command} && echo ---- && times`;
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, PATH: path },
  });
  const clock = performance.now() - start;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  const children = stdout.trimEnd().split('\n').at(-1);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * m + Number(s), 0);
  return { stdout, clock, processor: 1e3 * seconds };
}
