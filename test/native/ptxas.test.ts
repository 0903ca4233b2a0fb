/** The gate of `npm run build:cuda -- --check`: what ptxas says of kernels. */
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { packageRoot } from '../../src/native/loader.js';

const { checkRegisters } = (await import(join(packageRoot, 'scripts/ptxas.mjs'))) as {
  checkRegisters(output: string, options?: { list?: boolean }): void;
};

const kernel = (name: string, stack: number, spilled: number) => `[1/9] Building CUDA object ${name}.o
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '${name}' for 'sm_90'
ptxas info    : Function properties for ${name}
    ${stack} bytes stack frame, ${spilled} bytes spill stores, ${spilled} bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 2048 bytes smem
`;

it('passes kernels that keep nothing in memory, and prints them where asked to', () => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  checkRegisters(kernel('add', 0, 0) + kernel('norm', 0, 0));
  expect(log.mock.calls.flat()).toEqual(['2 kernels for sm_90, none spills']);
  checkRegisters(kernel('add', 0, 0), { list: true });
  expect(log.mock.calls[1]).toEqual([expect.stringMatching(/^sm_90 +40 registers +2048 B shared .* add$/)]);
  log.mockRestore();
});

it.each([
  ['spills', kernel('norm', 8, 8)],
  ['keeps an array there', kernel('norm', 64, 0)],
])('refuses a kernel that %s, and names it', (_, report) => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  expect(() => checkRegisters(kernel('add', 0, 0) + report)).toThrow('1 of 2 kernels keep registers in memory');
  expect(log.mock.calls.flat()).toEqual([expect.stringMatching(/ norm$/)]);
  log.mockRestore();
});

it('refuses a report without kernels, or one that it does not understand', () => {
  expect(() => checkRegisters('ninja: no work to do.\n')).toThrow('ptxas reported no kernel');
  expect(() => checkRegisters("Compiling entry function 'add' for 'sm_90'\n")).toThrow('bytes stack frame');
});
