import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/native/doctor.js';
import { loadedAddon } from '../../src/native/loader.js';
import { LoaderFolder } from '../helpers/loader-folder.js';

const folder = new LoaderFolder();
afterAll(() => folder.dispose());
const local = 'build/Release/pope_cpu.node';
const prebuilt = `prebuilds/${process.platform}-${process.arch}/pope_cpu.glibc.node`;
const { path: realBinary } = loadedAddon().binary;

describe.runIf(process.platform === 'linux')('the loader', () => {
  it('without any binary lists every candidate, why it failed and what to type', () => {
    const error = folder.evaluate('loader.loadAddon()');
    expect(error).toMatchObject({ name: 'UnavailableError', code: 'NATIVE_UNAVAILABLE', exitCode: 4 });
    for (const part of [local, 'build/Debug/pope_cpu.node', prebuilt, 'no such file', 'npm run build:native']) {
      expect(error.message).toContain(part);
    }
  });

  it('skips what does not load or was built from other sources, and remembers why', () => {
    folder.place(local, 'not a binary');
    folder.copy(realBinary, prebuilt);
    const { rejected, found } = folder.evaluate('loader.searchAddon()');
    expect(found.binary).toEqual({ kind: 'prebuilt', path: join(folder.path, prebuilt) });
    expect(rejected[0]).toMatchObject({
      kind: 'local release',
      reason: expect.stringMatching(/file too short|invalid ELF/),
    });
    folder.remove(local);
    folder.remove(prebuilt);
  });

  it('takes an explicit path and nothing else', () => {
    expect(folder.evaluate('loader.loadedAddon().binary', { POPE_NATIVE_PATH: realBinary })).toEqual({
      kind: 'explicit',
      path: realBinary,
    });
    // Relative to the working directory, as paths on a command line are.
    expect(
      folder.evaluate('loader.loadedAddon().binary.path', { POPE_NATIVE_PATH: relative(process.cwd(), realBinary) }),
    ).toBe(realBinary);
    const missing = folder.evaluate('loader.loadedAddon()', { POPE_NATIVE_PATH: '/nowhere/pope_cpu.node' });
    expect(missing.message).toContain('explicit: /nowhere/pope_cpu.node');
    expect(missing.message).not.toContain('prebuilt');
  });

  it('loads nothing on import', () => {
    expect(
      folder.evaluate('process.report.getReport().sharedObjects.filter((path) => path.includes("pope_cpu"))'),
    ).toEqual([]);
  });

  it('refuses a setting that the native code cannot follow', () => {
    const create = 'loader.loadAddon().createQueue({ maximumPending: 1 })';
    for (const threads of ['0', 'two', '1.5', '-1']) {
      const error = folder.evaluate(create, { POPE_NATIVE_PATH: realBinary, POPE_THREADS: threads });
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`not "${threads}"`) });
    }
  });
});

describe('the doctor', () => {
  it('names the binary and the instruction set', () => {
    const report = diagnose();
    expect(report.binary).toMatchObject({ path: realBinary, abiVersion: 1, napiVersion: 9 });
    expect(report.devices.cpu).toMatchObject({ available: true, reason: null });
    expect(report.devices.cpu.simdCompiled).toContain(report.devices.cpu.simd);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('reports a binary that cannot be loaded instead of failing', () => {
    const report = folder.evaluate('doctor.diagnose()', { POPE_NATIVE_PATH: '/nowhere/pope_cpu.node' });
    expect(report).toMatchObject({
      package: { name: 'pope-native', version: '9.9.9' },
      binary: null,
      rejected: [{ kind: 'explicit', path: '/nowhere/pope_cpu.node', reason: 'no such file' }],
      devices: { cpu: { available: false } },
    });
  });
});
