import { setTimeout as pause } from 'node:timers/promises';
import { PopeError } from '../errors.js';
import { locked, OutputLock } from '../files/lock.js';

export interface Waiting {
  /** How far the other one is, in any unit that grows. */
  progress: () => Promise<number>;
  /** Hears it. */
  onProgress?: ((progress: number) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** How often to look, and how long the other one may stand still; milliseconds. */
  interval?: number;
  patience?: number;
}

/**
 * Runs `work` alone on a file: while another process or call is at it, waits for that one, as long as it gets on. What was
 * wanted may then be there.
 *
 * @throws UsageError OUTPUT_LOCKED; the reason of `signal`; what `work` throws
 */
export async function whenFree(
  file: string,
  { progress, onProgress, signal, interval = 250, patience = 60_000 }: Waiting,
  work: () => Promise<void>,
): Promise<void> {
  let reached = Number.NEGATIVE_INFINITY;
  let idle = 0;
  for (;;) {
    const lock = await OutputLock.ofFile(file).catch((error: unknown) => {
      if (error instanceof PopeError && error.code === 'OUTPUT_LOCKED' && idle <= patience) return null;
      throw error;
    });
    if (lock !== null) return locked(Promise.resolve(lock), work);
    const now = await progress();
    idle = now === reached ? idle + interval : 0;
    reached = now;
    onProgress?.(now);
    await pause(interval, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}
