import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CausalModel, loadModel } from '../../src/models/index.js';
import { hubServer } from '../helpers/hub-server.js';
import { modelServer } from '../helpers/model-server.js';
import { tinyModel } from '../helpers/tiny-model.js';
import { smallLog, writeLog } from './logs.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'pope-remote-'));
const log = writeLog(join(folder, 'log.jsonl'), smallLog(8));
const KEY = 'secret-of-the-test';
let modelFolder: string;
let model: CausalModel;
beforeAll(async () => {
  modelFolder = await tinyModel();
  model = await loadModel(modelFolder);
});
afterAll(() => model.dispose());

const run = (command: string, url: string, more: readonly string[]) =>
  runCli([command, log, '--model', url, '--model-name', 'tiny', '--tokenizer', modelFolder, ...more], {
    environment: { POPE_API_KEY: KEY },
  });
const scores = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { logprob: number; tokens: number });

describe('a model behind a URL', () => {
  it('scores as its weights do, with the key in no output', async () => {
    const { url, requests } = await modelServer(model);
    const [remote, local] = [join(folder, 'remote.jsonl'), join(folder, 'local.jsonl')];
    const outcome = await run('score', url, ['-o', remote]);
    expect(outcome).toMatchObject({ code: 0, stdout: '' });
    expect(outcome.stderr).toMatch(
      /server: prompt_logprobs of token ids; asked again, a token's score changed by up to 0\.0 nats; the 20 likeliest tokens had up to \d+ %\npolicy "tiny@/,
    );
    expect(requests.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
    expect(outcome.stderr + readFileSync(remote, 'utf8')).not.toContain(KEY);
    expect((await runCli(['score', log, '--model', modelFolder, '-o', local])).code).toBe(0);
    const wanted = scores(local);
    expect(scores(remote)).toHaveLength(wanted.length);
    for (const [i, { logprob, tokens }] of scores(remote).entries()) {
      expect(logprob).toBeCloseTo(wanted[i]!.logprob, 3);
      expect(tokens).toBe(wanted[i]!.tokens);
    }
  });

  it('is refused by the name of its defect', async () => {
    const { url } = await modelServer(model, { defect: 'echo-ignored' });
    const outcome = await run('score', url, ['-o', join(folder, 'none.jsonl')]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^pope: ECHO_IGNORED: http:\/\/127.*this server cannot score given text: /);
  });

  it('generates', async () => {
    const { url } = await modelServer(model);
    const out = join(folder, 'generations.jsonl');
    expect((await run('generate', url, ['-o', out, '-n', '2', '--max-tokens', '5'])).code).toBe(0);
    expect(scores(out)).toHaveLength(16);
  });

  it.each<[string, string[], RegExp]>([
    ['no name', ['--tokenizer', '.'], /ENDPOINT_MODEL_NAME: --model http:\/\/host needs --model-name/],
    ['no tokenizer', ['--model-name', 'm'], /TOKENIZER_MISSING: --model http:\/\/host needs --tokenizer/],
    [
      'a temperature',
      ['--model-name', 'm', '--tokenizer', '.', '--temperature', '2'],
      /TEMPERATURE: --temperature 2: a server scores at temperature 1/,
    ],
  ])('needs what it needs: %s', async (_, more, message) => {
    const outcome = await runCli(['score', log, '--model', 'http://host', '-o', join(folder, 'x.jsonl'), ...more]);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(message);
  });

  it('can be a model of the hub instead', async () => {
    const { url } = await hubServer(modelFolder);
    const out = join(folder, 'hub.jsonl');
    const environment = { HF_ENDPOINT: url, HF_HOME: join(folder, 'hf') };
    const outcome = await runCli(['score', log, '--model', 'org/tiny', '-o', out], { environment });
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('policy "tiny@') });
    expect(scores(out).map(({ logprob }) => logprob)).toEqual(
      scores(join(folder, 'local.jsonl')).map(({ logprob }) => logprob),
    );
  });

  it('has flags that a folder does not take', async () => {
    const argv = ['score', log, '--model', modelFolder, '-o', join(folder, 'x.jsonl'), '--concurrency', '3'];
    expect(await runCli(argv)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('BAD_OPTION: --concurrency: only for a model behind a URL'),
    });
  });

  it('leaves settings of servers aside that a config file has for other runs', async () => {
    const config = join(folder, 'pope.json');
    writeFileSync(config, JSON.stringify({ tokenizer: './elsewhere', concurrency: 3 }));
    const argv = ['score', log, '--model', modelFolder, '-o', join(folder, 'y.jsonl'), '--config', config];
    expect(await runCli(argv)).toMatchObject({ code: 0 });
  });
});
