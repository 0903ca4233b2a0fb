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

/** A folder in which one package was installed for users, and one with another licence for development. */
function folderWith(license: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'pope-notices-'));
  const paths = ['node_modules/used', 'node_modules/tool'];
  for (const path of paths) mkdirSync(join(folder, path), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules/node-addon-api'), join(folder, 'node_modules/node-addon-api'));
  const write = (path: string, content: unknown) => writeFileSync(join(folder, path), JSON.stringify(content));
  write('package-lock.json', { packages: { '': {}, [paths[0]!]: {}, [paths[1]!]: { dev: true } } });
  write(`${paths[0]}/package.json`, { name: 'used', version: '1.2.3', license });
  write(`${paths[1]}/package.json`, { name: 'tool', version: '4.5.6', license: 'GPL-3.0' });
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
