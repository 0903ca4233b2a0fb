/** THIRD-PARTY-NOTICES.md says what is so. No test needs a network. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';

function notices(...argv: string[]): { status: number | null; stderr: string } {
  const script = join(packageRoot, 'scripts/third-party-notices.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script, ...argv], { encoding: 'utf8' });
  return { status, stderr };
}

/**
 * A folder in which one package was installed for users, and for development one with another licence and one that is bundled,
 * with what that depends on.
 */
function folderWith(license: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'pope-notices-'));
  const [used, tool, drawing, line] = ['used', 'tool', 'drawing', 'line'].map((name) => `node_modules/${name}`);
  for (const path of ['lib', used!, tool!, drawing!, line!]) mkdirSync(join(folder, path), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules/node-addon-api'), join(folder, 'node_modules/node-addon-api'));
  const write = (path: string, content: unknown) => writeFileSync(join(folder, path), JSON.stringify(content));
  const dev = true;
  const packages = {
    '': {},
    [used!]: {},
    [tool!]: { dev },
    [drawing!]: { dev, dependencies: { line: '1' } },
    [line!]: { dev },
  };
  write('package-lock.json', { packages });
  write('lib/.libraries.json', [drawing]);
  write(`${used}/package.json`, { name: 'used', version: '1.2.3', license });
  write(`${tool}/package.json`, { name: 'tool', version: '4.5.6', license: 'GPL-3.0' });
  for (const name of ['drawing', 'line']) {
    write(`node_modules/${name}/package.json`, { name, version: '7.8.9', license: 'MIT' });
    writeFileSync(join(folder, `node_modules/${name}/LICENSE`), 'The licence\n\nof both.\n');
  }
  return folder;
}

describe('THIRD-PARTY-NOTICES.md', () => {
  it('is current, and every licence is permissive', () => {
    expect(notices('--check')).toEqual({ status: 0, stderr: '' });
  });

  it('has a row for each package that users get, and none for tools', () => {
    const folder = folderWith('ISC');
    expect(notices(folder)).toEqual({ status: 0, stderr: '' });
    const written = readFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), 'utf8');
    expect(written).toContain('| used | 1.2.3 | ISC |');
    expect(written).not.toContain('tool');
  });

  it('has the licence of what is bundled, and of what that depends on', () => {
    const folder = folderWith('ISC');
    notices(folder);
    const written = readFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), 'utf8');
    expect(written).toContain('| drawing | 7.8.9 | MIT |\n| line | 7.8.9 | MIT |\n');
    expect(written).toContain('### drawing, line\n\n> The licence\n>\n> of both.\n');
  });

  it('is not current when a version has changed', () => {
    const folder = folderWith('ISC');
    notices(folder);
    const changed = { name: 'used', version: '1.2.4', license: 'ISC' };
    writeFileSync(join(folder, 'node_modules/used/package.json'), JSON.stringify(changed));
    expect(notices(folder, '--check')).toMatchObject({ status: 1, stderr: expect.stringContaining('is not current') });
  });

  it.each([
    ['GPL-3.0-only', 'GPL-3.0-only'],
    [{ type: 'MIT' }, 'no SPDX name in its package.json'],
    [undefined, 'no SPDX name in its package.json'],
  ])('names a package whose licence is %j', (license, said) => {
    const { status, stderr } = notices(folderWith(license));
    expect(status).toBe(1);
    expect(stderr).toContain(`not known to be permissive: used 1.2.3 (${said})`);
  });
});
