import { open } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { reading } from '../../src/files/text.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

it('what the file system refuses to read is named; that a file is missing, and other errors, are for the caller', async () => {
  const folder = temporaryFolder();
  await expect(
    reading(
      'the folder',
      open(folder).then((file) => file.readFile()),
    ),
  ).rejects.toMatchObject({
    code: 'UNREADABLE_FILE',
    message: expect.stringMatching(/^the folder: cannot be read: EISDIR/),
  });
  await expect(reading('none', open(`${folder}/none`))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(reading('other', Promise.reject(new TypeError('other')))).rejects.toThrow(TypeError);
});
