import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/native/doctor.js';
import { loadedAddon, packageRoot } from '../../src/native/loader.js';

/** A package folder of its own with nothing but the loader, so that every candidate can be arranged. */
let folder: string;
const place = (path: string, content: string) => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), content);
};
const local = 'build/Release/pope_cpu.node';
const prebuilt = `prebuilds/${process.platform}-${process.arch}/pope_cpu.glibc.node`;
const { path: realBinary } = loadedAddon().binary;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pope-loader-'));
  place('package.json', '{"type":"module","name":"pope-native","version":"9.9.9"}');
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  for (const name of ['errors', 'native/loader', 'native/doctor']) {
    const source = ts.sys.readFile(join(packageRoot, 'src', `${name}.ts`))!;
    place(`dist/${name}.js`, ts.transpileModule(source, { compilerOptions: options }).outputText);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs an expression of `loader` and `doctor` there and returns its value; a PopeError comes back as its fields. */
function inFolder(expression: string, environment: Record<string, string> = {}) {
  const url = (name: string) => JSON.stringify(pathToFileURL(join(folder, 'dist/native', `${name}.js`)).href);
  const program = `
    const loader = await import(${url('loader')}); const doctor = await import(${url('doctor')});
    let value;
    try { value = ${expression}; } catch ({ name, code, exitCode, message }) { value = { name, code, exitCode, message }; }
    console.log(JSON.stringify(value));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, POPE_NATIVE_PATH: '', ...environment },
  });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe.runIf(process.platform === 'linux')('the loader', () => {
  it('without any binary lists every candidate, why it failed and what to type', () => {
    const error = inFolder('loader.loadAddon()');
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'NATIVE_UNAVAILABLE', exitCode: 4 });
    for (const part of [local, 'build/Debug/pope_cpu.node', prebuilt, 'no such file', 'npm run build:native']) {
      expect(error.message).toContain(part);
    }
  });

  it('skips what does not load or was built from other sources, and remembers why', () => {
    place(local, 'not a binary');
    mkdirSync(join(folder, prebuilt, '..'), { recursive: true });
    copyFileSync(realBinary, join(folder, prebuilt));
    const { rejected, found } = inFolder('loader.searchAddon()');
    expect(found.binary).toEqual({ kind: 'prebuilt', path: join(folder, prebuilt) });
    expect(rejected[0]).toMatchObject({
      kind: 'local release',
      reason: expect.stringMatching(/file too short|invalid ELF/),
    });
    rmSync(join(folder, local));
    rmSync(join(folder, prebuilt));
  });

  it('takes an explicit path and nothing else', () => {
    expect(inFolder('loader.loadedAddon().binary', { POPE_NATIVE_PATH: realBinary })).toEqual({
      kind: 'explicit',
      path: realBinary,
    });
    const missing = inFolder('loader.loadedAddon()', { POPE_NATIVE_PATH: '/nowhere/pope_cpu.node' });
    expect(missing.message).toContain('explicit: /nowhere/pope_cpu.node');
    expect(missing.message).not.toContain('prebuilt');
  });

  it('loads nothing on import', () => {
    expect(inFolder('process.report.getReport().sharedObjects.filter((path) => path.includes("pope_cpu"))')).toEqual(
      [],
    );
  });

  it('refuses a setting that the native code cannot follow', () => {
    const create = 'loader.loadAddon().createQueue({ maximumPending: 1 })';
    for (const threads of ['0', 'two', '1.5', '-1']) {
      const error = inFolder(create, { POPE_NATIVE_PATH: realBinary, POPE_THREADS: threads });
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`not "${threads}"`) });
    }
  });
});

describe('the doctor', () => {
  it('names the binary, the instruction set and the reason against CUDA', () => {
    const report = diagnose();
    expect(report.binary).toMatchObject({ path: realBinary, abiVersion: 1, napiVersion: 9 });
    expect(report.devices.cpu).toMatchObject({ available: true, reason: null });
    expect(report.devices.cpu.simdCompiled).toContain(report.devices.cpu.simd);
    expect(report.devices.cuda).toEqual({ available: false, reason: 'this build has no CUDA kernels' });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('reports a binary that cannot be loaded instead of failing', () => {
    const report = inFolder('doctor.diagnose()', { POPE_NATIVE_PATH: '/nowhere/pope_cpu.node' });
    expect(report).toMatchObject({
      package: { name: 'pope-native', version: '9.9.9' },
      binary: null,
      rejected: [{ kind: 'explicit', path: '/nowhere/pope_cpu.node', reason: 'no such file' }],
      devices: { cpu: { available: false } },
    });
  });
});
