import { describe, expect, it } from 'vitest';
import { OutputLock } from '../../src/files/lock.js';
import { whenFree } from '../../src/hub/when-free.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';

const folder = useTemporaryFolder();

describe('whenFree', () => {
  it('waits for another one as long as it gets on, says how far that is, and then has the file to itself', async () => {
    const file = folder.path('file');
    const other = await OutputLock.ofFile(file);
    const heard: number[] = [];
    let reached = 0;
    const progress = async () => {
      if (++reached === 40) await other.release();
      return reached;
    };
    const onProgress = (each: number) => heard.push(each);
    const waiting = { progress, onProgress, interval: 1, patience: 10 };
    let alone = false;
    await whenFree(file, waiting, async () => {
      await expect(OutputLock.ofFile(file)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
      alone = true;
    });
    expect(alone).toBe(true);
    expect(heard).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await (await OutputLock.ofFile(file)).release();
  });

  it('gives up on one that stands still, naming it, and when it is told to', async () => {
    const file = folder.path('file');
    const other = await OutputLock.ofFile(file);
    const progress = async () => 7;
    const run = async () => {
      throw new Error('not alone');
    };
    await expect(whenFree(file, { progress, interval: 1, patience: 5 }, run)).rejects.toMatchObject({
      code: 'OUTPUT_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(whenFree(file, { progress, signal }, run)).rejects.toThrow('enough');
    await other.release();
  });
});
