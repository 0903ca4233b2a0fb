/** @file What the sources must not do, whatever a file says: SECURITY.md promises it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { smallLog, writeLog } from './cli/logs.js';
import { runCli } from './cli/run-cli.js';
import { useTemporaryFolder } from './helpers/temporary-folder.js';
import { tinyModel } from './helpers/tiny-model.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = useTemporaryFolder();

/** Files below a folder of the repository that hold what matches. */
function filesWith(pattern: RegExp, below: string, names = /\.(ts|mjs)$/): string[] {
  return readdirSync(join(root, below), { recursive: true, encoding: 'utf8' })
    .filter((name) => names.test(name) && pattern.test(withoutComments(readFileSync(join(root, below, name), 'utf8'))))
    .map((name) => `${below}/${name.replaceAll('\\', '/')}`)
    .sort();
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

describe('the sources', () => {
  it('make no code of text', () => {
    expect(filesWith(/\beval\(|new Function\(|\bFunction\(['"`]|setTimeout\(['"`]/, 'src')).toEqual([]);
    // A script of five characters that stops patterns which do not end.
    expect(filesWith(/node:vm|'vm'/, 'src')).toEqual(['src/models/tokenizer-limits.ts']);
    // A settings file that the user names may be a module; the name of DuckDB's package is a constant.
    expect(filesWith(/import\((?!['"])/, 'src')).toEqual(['src/cli/settings.ts', 'src/data/adapters/sql-rows.ts']);
    expect(filesWith(/createRequire|\brequire\(/, 'src')).toEqual(['src/native/loader.ts']);
  });

  it('start no process and no shell', () => {
    expect(filesWith(/child_process|node:cluster|worker_threads/, 'src')).toEqual([]);
    expect(filesWith(/\bshell:|\bexec(Sync)?\(['"`]/, 'scripts')).toEqual([]);
    expect(filesWith(/\b(system|popen|exec[lv]p?e?|fork|vfork|posix_spawn)\s*\(/, 'native', /\.(cpp|h|cu)$/)).toEqual(
      [],
    );
  });

  it('reach the network in few places, each for an address that the user gave', () => {
    expect(filesWith(/(?<!#)\bfetch\(/, 'src')).toEqual([
      'src/hub/download.ts',
      'src/hub/hub-fetch.ts',
      'src/remote/endpoint.ts',
      'src/shards/s3-store.ts',
    ]);
    // Where the ranks of a training run meet that no MPI has brought together.
    expect(filesWith(/node:(net|tls|http2?|https|dgram|dns|inspector)|WebSocket/, 'src')).toEqual([
      'src/distributed/rendezvous.ts',
    ]);
    expect(filesWith(/\b(socket|connect|getaddrinfo)\s*\(/, 'native', /\.(cpp|h|cu)$/)).toEqual([]);
  });
});

it('a model and a log are scored, evaluated and reported without a connection, a process or code made of text', async () => {
  const guard = await folder.write(
    'guard.mjs',
    `import net from 'node:net'; import dns from 'node:dns'; import child from 'node:child_process';
     import { syncBuiltinESMExports } from 'node:module';
     const refuse = (what) => () => { process.stderr.write('guard: ' + what); process.exit(99); };
     net.Socket.prototype.connect = refuse('connect');
     for (const name of ['lookup', 'resolve']) dns[name] = refuse(name);
     for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) child[name] = refuse(name);
     globalThis.fetch = refuse('fetch');
     syncBuiltinESMExports();`,
  );
  const environment = {
    NODE_OPTIONS: `--disallow-code-generation-from-strings --import ${pathToFileURL(guard).href}`,
  };
  const log = writeLog(folder.path('log.jsonl'), smallLog(20));
  const model = await tinyModel();
  const target = folder.path('target.jsonl');
  expect(await runCli(['score', log, '--model', model, '-o', target], { environment })).toMatchObject({ code: 0 });
  const evaluate = ['evaluate', log, '--target', target, '--logging', 'log', '--json'];
  const evaluated = await runCli(evaluate, { environment });
  expect(evaluated).toMatchObject({ code: 0 });
  const run = await folder.write('run.json', evaluated.stdout);
  const report = folder.path('report.html');
  expect(await runCli(['report', run, '-o', report], { environment })).toMatchObject({ code: 0 });
  expect(readFileSync(report, 'utf8')).toContain('<svg');
  expect(await runCli(['score', log, '--model', 'org/name', '-o', target], { environment })).toMatchObject({
    code: 99,
  });
});

it('code that comes with a model is not run', async () => {
  const log = writeLog(folder.path('log.jsonl'), smallLog(3));
  const { cp, readFile, writeFile } = await import('node:fs/promises');
  const model = await tinyModel();
  const scores = async (name: string) => {
    const output = folder.path(name);
    expect(await runCli(['score', log, '--model', model, '-o', output])).toMatchObject({ code: 0 });
    const lines = (await readFile(output, 'utf8')).trim().split('\n');
    return lines.map((line) => JSON.parse(line).logprob);
  };
  const before = await scores('before.jsonl');
  const trap = folder.path('trap');
  for (const name of ['modeling_llama.py', '__init__.py', 'index.js', 'index.mjs', 'package.json', 'binding.gyp']) {
    const code = name.endsWith('.py')
      ? `open(${JSON.stringify(trap)}, 'w')`
      : `require('fs').writeFileSync(${JSON.stringify(trap)}, '')`;
    await writeFile(join(model, name), name === 'package.json' ? '{"type":"commonjs","main":"index.js"}' : code);
  }
  const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
  const own = { ...config, auto_map: { AutoModelForCausalLM: 'modeling_llama.Trap' } };
  await writeFile(join(model, 'config.json'), JSON.stringify(own));
  expect(await scores('after.jsonl')).toEqual(before);
  await writeFile(join(model, 'config.json'), JSON.stringify({ ...own, model_type: 'trap' }));
  const refused = await runCli(['score', log, '--model', model, '-o', folder.path('none.jsonl')]);
  expect(refused.stderr).toMatch(/UNSUPPORTED_ARCHITECTURE: .*"trap", whose own code \(auto_map\) is not run/);
  await expect(cp(trap, folder.path('copy'))).rejects.toMatchObject({ code: 'ENOENT' });
});
