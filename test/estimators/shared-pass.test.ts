import { expect, it } from 'vitest';
import type { Slate } from '../../src/data/slate.js';
import { SharedPass } from '../../src/estimators/shared-pass.js';

const slate = (i: number): Slate => ({ id: `q${i}`, prompt: 'p', responses: [{ id: 'a', text: 'a' }] });

function countedLog(length: number) {
  const counts = { passes: 0, slates: 0, closed: 0 };
  async function* slates() {
    counts.passes++;
    try {
      for (let i = 0; i < length; i++) {
        counts.slates++;
        yield slate(i);
      }
    } finally {
      counts.closed++;
    }
  }
  return { counts, log: { [Symbol.asyncIterator]: slates } };
}

it('reads a log once for readers that are apart', async () => {
  const { counts, log } = countedLog(100);
  const pass = new SharedPass(log);
  const [ahead, behind] = [pass.reader(), pass.reader()];
  const seen: string[] = [];
  for (let i = 0; i < 7; i++) await ahead.next();
  for await (const { id } of behind) {
    seen.push(id);
    await ahead.next();
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, i) => `q${i}`));
  expect((await ahead.next()).done).toBe(true);
  expect(counts).toEqual({ passes: 1, slates: 100, closed: 1 });
});

it('gives a reader that begins late a pass of its own, and keeps nothing for one that never begins', async () => {
  const { counts, log } = countedLog(10_000);
  const pass = new SharedPass(log);
  const [early, late] = [pass.reader(), pass.reader()];
  for (let i = 0; i < 9000; i++) await early.next();
  expect((await late.next()).value).toEqual(slate(0));
  expect(counts.passes).toBe(2);
});

it('hands an error of the log to every reader, and ends the log when it is closed', async () => {
  const bad = {
    async *[Symbol.asyncIterator]() {
      yield slate(0);
      throw new Error('bad line');
    },
  };
  const pass = new SharedPass(bad);
  for (const reader of [pass.reader(), pass.reader()]) {
    await reader.next();
    await expect(reader.next()).rejects.toThrow('bad line');
  }
  const { counts, log } = countedLog(5);
  const closed = new SharedPass(log);
  await closed.reader().next();
  await closed.close();
  expect(counts.closed).toBe(1);
});
