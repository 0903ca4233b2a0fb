/** What `import 'pope-native'` and the start of the command load and touch: their speed, without a clock. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

/** The only packages that are needed before a function is called. */
const LIBRARIES = ['@huggingface/jinja', 'hyparquet'];
/** Every file costs about 0.3 ms and 60 kB. */
const FILES = 45;

/** Says which files a module makes Node read, through the public functions that Node reads modules with too, and what else it opens. */
const program = (module: string) => `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createHook } from 'node:async_hooks';
const files = new Set();
for (const api of [fs, fs.promises]) {
  for (const [name, call] of Object.entries(api)) {
    if (typeof call !== 'function' || /^[A-Z_]/.test(name)) continue;
    api[name] = function (...values) { files.add(String(values[0])); return call.apply(this, values); };
  }
}
syncBuiltinESMExports();
const opened = new Set();
createHook({ init: (_, type) => opened.add(type) }).enable();
await import(${JSON.stringify(pathToFileURL(join(packageRoot, module)).href)});
const binaries = process.report.getReport().sharedObjects.filter((path) => /pope|cuda|blas/i.test(path));
fs.writeSync(1, JSON.stringify({ files: [...files], opened: [...opened], binaries }));
`;

/** Runs a module where nothing may be read but this package's and some libraries' modules, and nothing written, started or loaded. */
function runAlone(main: string, { libraries, argv = [] }: { libraries: readonly string[]; argv?: readonly string[] }) {
  const readable = [main, join(packageRoot, 'package.json'), join(packageRoot, 'lib')];
  for (const name of libraries) readable.push(join(packageRoot, 'node_modules', name));
  const flags = ['--no-warnings', '--experimental-permission', '--preserve-symlinks', '--preserve-symlinks-main'];
  const reading = readable.map((path) => `--allow-fs-read=${path}`);
  return spawnSync(process.execPath, [...flags, ...reading, main, ...argv], { encoding: 'utf8' });
}

const importAlone = async (module: string, libraries: readonly string[]) =>
  runAlone(await folder.write('main.mjs', program(module)), { libraries });

describe('importing pope-native', () => {
  it('reads a few files of its own, and touches no other file, no network, no process and no binary', async () => {
    const { status, stdout, stderr } = await importAlone('lib/index.js', LIBRARIES);
    expect(status, stderr).toBe(0);
    const { files, opened, binaries } = JSON.parse(stdout);
    expect(files.filter((path: string) => !path.endsWith('.js'))).toEqual([]);
    expect(files.length).toBeLessThan(FILES);
    const reading = ['PROMISE', 'FSREQPROMISE', 'FILEHANDLE', 'FILEHANDLECLOSEREQ'];
    expect(opened.filter((type: string) => !reading.includes(type))).toEqual([]);
    expect(binaries).toEqual([]);
  });

  it('would be caught reading more', async () => {
    const { status, stderr } = await importAlone('lib/data/index.js', LIBRARIES);
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_ACCESS_DENIED');
  });
});

describe('the command', () => {
  it.each([[['--help']], [['--version']], [['evalute']], [['doctor', '--help']]])(
    'needs no library but one for %j',
    (argv) => {
      const { status, stdout, stderr } = runAlone(join(packageRoot, 'lib/cli/main.js'), {
        libraries: ['commander'],
        argv,
      });
      expect(status, stderr).toBe(argv[0] === 'evalute' ? 2 : 0);
      if (status === 2) expect(stderr).toContain('Did you mean evaluate?');
      else expect(stdout).not.toBe('');
    },
  );
});
