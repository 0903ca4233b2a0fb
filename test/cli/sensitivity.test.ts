import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from './run-cli.js';

it('pope sensitivity shows how far a value depends on its propensities', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'pope-sensitivity-')), 'log.jsonl');
  const target = log.replace('.jsonl', '.target.jsonl');
  expect(await runCli(['simulate', 'tabular', '-o', log, '--queries', '60'])).toMatchObject({ code: 0 });
  const argv = ['sensitivity', log, '--target', target, '--logging', 'log', '--reward', 'identity'];
  const { code, stdout, stderr } = await runCli([...argv, '--alternatives', target]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^as given {2,}[\d.]+/m);
  expect(stdout).toMatch(/^noise of nats 0\.5 /m);
  expect(stdout).toMatch(/^replaced by .*log\.target\.jsonl /m);
  const { rows } = JSON.parse((await runCli([...argv, '--json'])).stdout) as { rows: unknown[] };
  expect(rows).toHaveLength(11);
});
