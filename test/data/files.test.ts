import { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AtomicWriter } from '../../src/data/atomic-writer.js';
import { writeFileAtomic } from '../../src/files/atomic.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

describe('AtomicWriter', () => {
  it('shows nothing before commit and all lines after it', async () => {
    const path = folder.path('new/log.jsonl');
    const writer = await AtomicWriter.create(path);
    await writer.line({ id: 'a' });
    await writer.line({ id: 'ü\n' });
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await writer.commit();
    expect(writer.lines).toBe(2);
    expect(await readFile(path, 'utf8')).toBe('{"id":"a"}\n{"id":"ü\\n"}\n');
    expect(await readdir(dirname(path))).toEqual(['log.jsonl']);
  });

  it('keeps the old file and leaves no trace when aborted', async () => {
    const path = await folder.write('log.jsonl', 'old');
    const writer = await AtomicWriter.create(path);
    await writer.line({ id: 'a' });
    await writer.abort();
    await writer.abort();
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(dirname(path))).toEqual(['log.jsonl']);
  });

  it('writes more than one batch in order, plain and compressed', async () => {
    const value = { text: 'x'.repeat(700_000) };
    const expected = `${JSON.stringify(value)}\n`.repeat(4);
    for (const name of ['log.jsonl', 'log.jsonl.gz']) {
      const path = folder.path(name);
      const writer = await AtomicWriter.create(path);
      for (let i = 0; i < 4; i++) await writer.line(value);
      await writer.commit();
      const bytes = await readFile(path);
      expect((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString() === expected).toBe(true);
    }
  });

  it('writes an empty file that is valid gzip', async () => {
    const path = folder.path('log.jsonl.gz');
    await (await AtomicWriter.create(path)).commit();
    expect(gunzipSync(await readFile(path))).toHaveLength(0);
  });

  it('follows a symbolic link instead of replacing it', async () => {
    const real = await folder.write('real', 'old');
    await symlink('real', folder.path('link'));
    await writeFileAtomic(folder.path('link'), 'new');
    expect(await readFile(real, 'utf8')).toBe('new');
  });

  it('refuses folders, devices and unwritable places by name', async () => {
    await expect(AtomicWriter.create(folder.path('.'))).rejects.toMatchObject({
      code: 'OUTPUT_NOT_A_FILE',
      exitCode: 2,
    });
    await expect(AtomicWriter.create('/dev/null')).rejects.toMatchObject({ code: 'OUTPUT_NOT_A_FILE' });
    const file = await folder.write('file', '');
    await expect(writeFileAtomic(`${file}/below`, '')).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
    });
  });
});
