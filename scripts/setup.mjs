/**
 * Makes a clone ready: installs packages, builds the native addon and compiles TypeScript, each only when missing or
 * stale. Runs before `npm test` and `npm run demo`; silent when there is nothing to do. Uses nothing but Node itself.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCommand } from './commands.mjs';
import { fingerprint, nativeSources, nativeStamp } from './fingerprint.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const typescriptSources = [
  'src',
  'tsconfig.json',
  'tsconfig.build.json',
  'package.json',
  'package-lock.json',
  'scripts/bundle.mjs',
];
const typescriptStamp = 'dist/.sources';

checkNode();
if (!packagesInstalled()) installPackages();
if (!isFresh(nativeStamp, nativeSources) || !existsSync(join(root, 'build/Release/pope_cpu.node'))) buildNative();
if (!isFresh(typescriptStamp, typescriptSources)) compileTypeScript();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 17)) {
    stop(
      `Node ${process.version} is too old: 20.17 or later is needed.`,
      'Install it from your distribution or https://nodejs.org.',
    );
  }
}

/**
 * Whether node_modules holds what package-lock.json says, by npm's own record of the last completed install. A link to
 * another checkout's packages is left alone: `npm ci` would empty it.
 */
function packagesInstalled() {
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.version === entry.version,
  );
}

function installPackages() {
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  run(
    'installing packages',
    [...npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    [
      'The npm registry has to be reachable once; behind a mirror, set it with `npm config set registry URL`.',
      'Then run: npm ci --ignore-scripts',
    ],
  );
}

function buildNative() {
  const missing = [
    ['python3', ['python3']],
    ['make', ['make']],
    ['g++ (12 or later) or clang++', process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++']],
  ].filter(([, commands]) => !commands.some(isCommand));
  if (missing.length > 0) {
    stop(
      `Building the native addon needs ${missing.map(([name]) => name).join(', ')}, which this machine does not have.`,
      'Debian and Ubuntu: sudo apt-get install -y python3 make g++',
      'Fedora: sudo dnf install -y python3 make gcc-c++      macOS: xcode-select --install',
    );
  }
  run(
    'building the native addon (about a minute)',
    [process.execPath, 'scripts/build-native.mjs'],
    [
      'To see it again: npm run build:native',
      'Without Node headers beside the node executable, node-gyp downloads them from nodejs.org; set npm_config_nodedir to use a local copy.',
    ],
  );
}

function compileTypeScript() {
  const sources = fingerprint(root, typescriptSources);
  run(
    'compiling TypeScript',
    [process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    ['To see it again: npm run build'],
  );
  run('bundling', [process.execPath, 'scripts/bundle.mjs'], ['To see it again: npm run build']);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, typescriptStamp), sources);
}

function isFresh(stamp, sources) {
  const path = join(root, stamp);
  return existsSync(path) && readFileSync(path, 'utf8') === fingerprint(root, sources);
}

/** Runs one step with its output kept back, which is shown only when the step fails. */
function run(what, [command, ...args], advice) {
  console.error(`setup: ${what} ...`);
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return;
  console.error(stdout ?? '', stderr ?? '', error?.message ?? '');
  stop(`setup: ${what} failed; the reason is above.`, ...advice);
}

function stop(...lines) {
  console.error(lines.join('\n'));
  process.exit(1);
}
