import { expect, it } from 'vitest';
import { invented } from '../experiments/open-bandit-data.js';
import { runCli } from './run-cli.js';

it('pope open-bandit values each policy from the log of the other one', async () => {
  const argv = ['open-bandit', invented(400), '--resamples', '5'];
  const { code, stdout, stderr } = await runCli(argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^the random policy earned 0\.\d+ ± .*400 rounds\);/);
  expect(stdout).toMatch(/^switch-dr +0\.\d+ +0\.\d+ to 0\.\d+ /m);
  const { directions } = JSON.parse((await runCli([...argv, '--json'])).stdout);
  expect(directions).toMatchObject([
    { policy: 'random', log: 'bts', rounds: 400, resamples: 5 },
    { policy: 'bts', log: 'random', rounds: 400, resamples: 5 },
  ]);
  expect(await runCli(['open-bandit', 'no-such-folder'])).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/^pope: INPUT_NOT_FOUND: /),
  });
});
