import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { finished, runCli, startNode } from './cli/run-cli.js';
import { tinyModel } from './helpers/tiny-model.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map((match) => match[1]!);
const folder = mkdtempSync(join(tmpdir(), 'pope-readme-'));

beforeAll(async () => {
  writeFileSync(join(folder, 'votes.csv'), blocks('csv')[0]!);
  symlinkSync(await tinyModel(), join(folder, 'my-model'));
  symlinkSync(await tinyModel(), join(folder, 'logging-model'));
});

describe('README', () => {
  it('shows what the demo prints', async () => {
    const { code, stdout } = await runCli(['demo']);
    expect(code).toBe(0);
    expect(stdout.startsWith(blocks('text')[0]!.trimEnd())).toBe(true);
  });

  it('has commands that work, one after the other', async () => {
    const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));
    expect(commands).toHaveLength(5);
    for (const command of commands) {
      const [program, ...argv] = command.split(' ');
      expect(program).toBe('pope');
      expect(await runCli(argv, { cwd: folder })).toMatchObject({ code: 0 });
    }
  });

  it('has a library example that works', async () => {
    const library = new URL('../dist/index.js', import.meta.url).href;
    writeFileSync(join(folder, 'example.mjs'), blocks('js')[0]!.replace("'pope-native'", `'${library}'`));
    const outcome = await finished(startNode([join(folder, 'example.mjs')], { cwd: folder }));
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(/(reliable|caution|unreliable) \d+\n$/);
  });

  it('lists the commands that exist', async () => {
    const { stdout } = await runCli(['--help']);
    const existing = [...stdout.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map((match) => match[1]!);
    const listed = [...readme.matchAll(/^\| `pope ([a-z]+)/gm)].map((match) => match[1]!);
    expect(listed.toSorted()).toEqual(existing.toSorted());
  });
});
