import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { watch } from '../../src/distributed/watchdog.js';

it('calls once a call has not got on for long enough, and not while it does or waits for this process', async () => {
  let status: { what: string; number: number; progress: number } | null = null;
  const stuck: unknown[] = [];
  const unwatch = watch({ status: () => status }, 0.2, (call) => stuck.push(call));
  await sleep(400);
  for (let progress = 0; progress < 8; ++progress) {
    status = { what: 'all-reduce', number: 1, progress };
    await sleep(50);
  }
  expect(stuck).toEqual([]);
  await sleep(500);
  expect(stuck).toEqual([{ what: 'all-reduce', number: 1, progress: 7 }]);
  unwatch();
});
