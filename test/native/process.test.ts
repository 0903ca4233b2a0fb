/** Lifetimes that only a process of its own can show: exit, workers, the garbage collector. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadedAddon } from '../../src/native/loader.js';

const load = `
  const addon = require(${JSON.stringify(loadedAddon().binary.path)});
  addon.initialize((code, message) => Object.assign(new Error(message), { code }));
  const multiply = (queue, n) => {
    const square = new Float32Array(n * n);
    return queue.runHost('matmul', [square, square, null], [new Float32Array(n * n)], [n, n, n, 0], []);
  };`;

/** Runs a program after `load` and returns what it printed; it must end by itself, with status 0. */
function run(program: string): string {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', load + program], {
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect(signal ?? status, stderr).toBe(0);
  return stdout.trim();
}

const inWorker = (body: string) =>
  `new (require('node:worker_threads').Worker)(${JSON.stringify(load + body)}, { eval: true })`;

describe('a process', () => {
  it('ends although queues are open', () => {
    run(`globalThis.queues = [1, 2].map(() => addon.createQueue({ maximumPending: 4 })); queues[0].allocate(100);`);
  });

  it('waits for what was promised', () => {
    const program = `const queue = addon.createQueue({ maximumPending: 4 });
      multiply(queue, 300).then(() => console.log('done'));`;
    expect(run(program)).toBe('done');
  });

  it('can exit in the middle of an op', () => {
    run(`const queue = addon.createQueue({ maximumPending: 4 });
      for (let i = 0; i < 50; i++) multiply(queue, 500);
      setTimeout(() => process.exit(0), 20);`);
  });

  it('can drop a queue and its buffers without closing', () => {
    run(`for (let i = 0; i < 20; i++) addon.createQueue({ maximumPending: 4 }).allocate(1000);
      gc(); setImmediate(() => { gc(); setImmediate(() => {}); });`);
  });
});

describe('worker threads', () => {
  it('have queues of their own, also after the main thread has none', () => {
    const program = `let left = 3;
      for (let i = 0; i < 3; i++) {
        const worker = ${inWorker(`const queue = addon.createQueue({ maximumPending: 4 });
          multiply(queue, 200).then(() => queue.close()).then(() => require('node:worker_threads').parentPort.postMessage('ok'));`)};
        worker.on('message', () => { if (--left === 0) console.log('all'); });
      }`;
    expect(run(program)).toBe('all');
  });

  it('may be terminated in the middle of an op, again and again', () => {
    const program = `(async () => {
      for (let i = 0; i < 5; i++) {
        const worker = ${inWorker(`const queue = addon.createQueue({ maximumPending: 4 });
          for (let i = 0; i < 100; i++) multiply(queue, 400);
          globalThis.kept = Array.from({ length: 100 }, () => queue.allocate(1000));
          require('node:worker_threads').parentPort.postMessage('started');`)};
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
      }
      await multiply(addon.createQueue({ maximumPending: 4 }), 100);
      console.log('alive');
    })();`;
    expect(run(program)).toBe('alive');
  });
});

describe('memory', () => {
  it('does not grow over 10000 ops', () => {
    const program = `(async () => {
      const queue = addon.createQueue({ maximumPending: 64 });
      const values = new Float32Array(2000);
      const round = async (count) => {
        for (let i = 0; i < count; i++) {
          const [a, out] = [queue.allocate(8000), queue.allocate(8000)];
          queue.write(a, values);
          queue.run('add', [a, a], [out], [2000], []);
          a.dispose();
          if (i % 10 === 0) await queue.read(out, 0, new Float32Array(2000));
          out.dispose();
          if (i % 32 === 0) await queue.ready();
        }
        gc();
      };
      await round(2000);
      const before = process.memoryUsage.rss();
      await round(10000);
      console.log(JSON.stringify({ ...queue.memoryStats(), grown: process.memoryUsage.rss() - before }));
    })();`;
    const { grown, ...stats } = JSON.parse(run(program));
    expect(stats).toEqual({ liveBuffers: 0, liveBytes: 0, poolBytes: 2 * 8000, peakBytes: 16000, scratchBytes: 0 });
    expect(grown).toBeLessThan(20e6);
  });

  it('of buffers that nobody disposed comes back through the garbage collector', () => {
    const program = `(async () => {
      const queue = addon.createQueue({ maximumPending: 4 });
      for (let i = 0; i < 1000; i++) queue.allocate(1e6);
      for (let turn = 0; turn < 5; turn++) { gc(); await new Promise(setImmediate); }
      console.log(queue.memoryStats().liveBuffers);
    })();`;
    expect(run(program)).toBe('0');
  });
});
