import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { TINY } from '../experiments/study/tiny.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { finished, runCli, startCli } from './run-cli.js';

const folder = useTemporaryFolder();

it('goes on after SIGKILL and ends with the same table', async () => {
  const config = folder.path('rq2.json');
  const output = folder.path('out');
  writeFileSync(config, JSON.stringify(TINY));
  const argv = ['experiment', 'rq2', '--config', config, '-o', output];
  const whole = await runCli(argv);
  expect(whole.stderr).toContain('train base-people-SFT-0: done');
  expect(whole.code).toBe(0);
  expect(whole.stdout).toMatch(/^## In-domain experiment\n/);
  expect(readFileSync(`${output}/table.md`, 'utf8')).toBe(whole.stdout);
  const table = readFileSync(`${output}/table.json`, 'utf8');
  rmSync(output, { recursive: true });

  const child = startCli(argv);
  child.stderr!.on('data', (text) => {
    if (String(text).includes('train base-people-SFT-0: begun')) child.kill('SIGKILL');
  });
  expect((await finished(child)).signal).toBe('SIGKILL');
  expect(existsSync(`${output}/table.json`)).toBe(false);
  const again = await runCli(argv);
  expect(again.stderr).not.toContain('backbone base');
  expect(again.code).toBe(0);
  expect(readFileSync(`${output}/table.json`, 'utf8')).toBe(table);
});

it('trains in the worlds of text on the device that is named', async () => {
  const argv = ['experiment', 'synthetic', '--quick', '--device', 'cuda', '-o', folder.path('synthetic')];
  const { code, stderr } = await runCli(argv, { environment: { CUDA_VISIBLE_DEVICES: '' } });
  expect(stderr).toContain('DEVICE_UNAVAILABLE: device cuda is not available');
  expect(code).toBe(4);
});

it.each([
  [['rq0'], /OPTION: experiment: expected one of synthetic, .*rq2.*, got "rq0"/],
  [['rq2', '--seeds', '3'], /OPTION: --seeds is of the synthetic experiment; rq2 is told by the file of --config/],
  [['rq2', '--config', 'no-such.json'], /STUDY_CONFIG: no-such\.json: /],
])('refuses %j', async (argv, message) => {
  const { code, stderr } = await runCli(['experiment', ...argv, '-o', folder.path('out')]);
  expect(stderr).toMatch(message);
  expect(code).toBe(2);
});
