/** The npm package as a stranger meets it: no compiler, no install script, two kinds of modules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';
import { commonJs, esModule, tsconfig } from './consumer.js';
import { InstalledPackage } from './installed.js';

/** Stated in docs/packaging.md: bytes of the tarball, and of what it unpacks to, with the binaries of one platform for the CPU. */
const PACKED_BUDGET = 2_000_000;
const UNPACKED_BUDGET = 6_500_000;

/** Node loads ES modules through require since 20.19; 20.17 and 20.18 want a flag. */
const requiresModules = 'require_module' in process.features;

describe.runIf(process.platform === 'linux')('the npm package', { timeout: 300_000 }, () => {
  let installed: InstalledPackage;
  beforeAll(() => {
    installed = new InstalledPackage();
  }, 600_000);

  it('has what it needs, and no more', () => {
    const paths = installed.packed.files.map(({ path }) => path);
    const platform = `prebuilds/${process.platform}-${process.arch}`;
    expect(paths).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`^${platform}/pope_cpu\\.(glibc|musl)\\.node$`),
        `${platform}/libpope_cpu.so`,
        'native/include/pope.h',
        'python/pope_native.py',
        'conformance/vectors.json',
        'scripts/build-native.mjs',
        'binding.gyp',
        'LICENSE',
        'THIRD-PARTY-NOTICES.md',
      ]),
    );
    const unwanted =
      /^(src|dist|test|build|docs)\/|^lib\/(\..*|.*\.map|(cli|experiments|report)\/.*\.d\.ts)$|__pycache__|^prebuilds\/.*\/cuda\//;
    expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
    expect(installed.packed.size).toBeLessThan(PACKED_BUDGET);
    expect(installed.packed.unpackedSize).toBeLessThan(UNPACKED_BUDGET);
  });

  it('is clean for publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: packageRoot, strict: true, pack: false });
    expect(messages.map((message) => formatMessage(message, pkg!))).toEqual([]);
  });

  it('runs the demo', () => {
    const { status, stdout, stderr } = installed.command('npx', 'pope', 'demo', '--quick');
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('Estimated value 9.941 [9.822, 10.06], verdict: reliable. True value: 9.866.');
  });

  it('draws a report with the libraries that are bundled', () => {
    const pope = (...command: string[]) => {
      const { status, stdout, stderr } = installed.command('npx', 'pope', ...command);
      expect(status, stderr).toBe(0);
      return stdout;
    };
    pope('simulate', 'tabular', '--queries', '50', '-o', 'log.jsonl');
    const scores = ['--target', 'log.target.jsonl', '--logging', 'log', '--reward', 'identity'];
    installed.place('result.json', pope('evaluate', 'log.jsonl', ...scores, '--json'));
    pope('report', 'result.json', '-o', 'page.html');
    expect(readFileSync(join(installed.folder, 'page.html'), 'utf8')).toMatch(/<svg[\s\S]*<path/);
    expect(readdirSync(join(installed.folder, 'node_modules'))).not.toContain('vega');
  });

  it('loads its prebuilt binary', () => {
    const { status, stdout, stderr } = installed.command('npx', 'pope', 'doctor', '--json');
    expect(status, stderr).toBe(0);
    const { binary } = JSON.parse(stdout);
    expect(binary).toMatchObject({ kind: 'prebuilt', path: expect.stringContaining(installed.folder) });
  });

  it('runs its conformance vectors', () => {
    const { status, stdout } = installed.command('node', 'node_modules/pope-native/conformance/run.mjs');
    expect(stdout).toContain(': 0 failures');
    expect(status).toBe(0);
  });

  it('has subpaths that all can be required, and load no binary before it is used', () => {
    const { exports } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
    const names = Object.keys(exports).map((path) => path.replace('.', 'pope-native'));
    installed.place(
      'require.cjs',
      `for (const name of ${JSON.stringify(names)}) require(name);
      console.log(process.report.getReport().sharedObjects.filter((path) => /pope_|cuda/.test(path)));`,
    );
    const flags = requiresModules ? [] : ['--experimental-require-module'];
    expect(installed.command('node', ...flags, 'require.cjs')).toMatchObject({ status: 0, stdout: '[]\n' });
  });

  it('compiles and runs in strict TypeScript, as both kinds of modules, twice and in a worker', () => {
    installed.place('main.mts', esModule);
    installed.place('main.cts', commonJs);
    installed.place('tsconfig.json', tsconfig(join(packageRoot, 'node_modules', '@types')));
    const compile = installed.command('node', join(packageRoot, 'node_modules/typescript/bin/tsc'), '-p', '.');
    // @types/node 20.19.8 contradicts itself where TypeScript 6 checks it.
    const errors = compile.stdout.split('\n').filter((line) => /error TS/.test(line) && !line.includes('@types/node/'));
    expect(errors).toEqual([]);
    const said = '1 -0.6931 1.0397 0.75 LOG_NOT_FOUND prebuilt\n'.repeat(3);
    expect(installed.command('node', 'main.mjs')).toMatchObject({ stdout: said, stderr: '' });
    if (requiresModules) expect(installed.command('node', 'main.cjs')).toMatchObject({ stdout: said, stderr: '' });
  });
});
