import type { NativeCommunicator } from '../native/addon.js';

/**
 * Calls `stuck` once when the communication thread has been in the same call, without getting on, for that many seconds: a
 * rank hangs, has ended unseen, or makes other calls than the others. Time in which the thread waits for this process does
 * not count. Returns the function that ends the watch.
 */
export function watch(
  communicator: Pick<NativeCommunicator, 'status'>,
  seconds: number,
  stuck: (call: { what: string; number: number }) => void,
): () => void {
  let last = '';
  let since = performance.now();
  const timer = setInterval(
    () => {
      const status = communicator.status();
      const now = status === null ? '' : `${status.number} ${status.progress}`;
      if (status === null || now !== last) {
        last = now;
        since = performance.now();
      } else if (performance.now() - since >= seconds * 1000) {
        clearInterval(timer);
        stuck(status);
      }
    },
    Math.min(1000, seconds * 250),
  );
  timer.unref();
  return () => clearInterval(timer);
}
