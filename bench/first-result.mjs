/**
 * Question: how much work is it from the package's tarball to a first result, in an empty folder of a machine without a compiler?
 * Processor time of npm, npx and `pope demo --quick`, whose answer is compared with the README; dependencies come from npm's
 * cache, which the warm-up round fills. Run: node bench/first-result.mjs [--quick] [--json]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure, quick, report } from './harness/measure.mjs';

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
    const { ms, stdout } = shell('npx pope demo --quick', path);
    if (!stdout.includes(expected)) throw new Error(`expected "${expected}", got ${stdout}`);
    return { ms };
  };
  const rows = await measure({ 'npm install': install, 'npx pope demo --quick': demo }, { rounds: quick ? 1 : 3 });
  const sum = (field) => rows.reduce((total, row) => total + row[field], 0);
  const together = {
    name: 'to the first result',
    median: sum('median'),
    least: sum('least'),
    most: sum('most'),
    ratio: 1,
  };
  report('From the tarball to a first result, processor time', [together, ...rows]);
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

/** Runs a command in the folder; its time is that of all its processes, as the shell has counted it. */
function shell(command, path) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_cache$)|POPE_|NODE_)/.test(name)),
  );
  const script = `${command} && echo ---- && times`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, PATH: path },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  const children = stdout.trimEnd().split('\n').at(-1);
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * m + Number(s), 0);
  return { stdout, ms: 1e3 * seconds };
}
