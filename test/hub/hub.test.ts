import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { hubSettings } from '../../src/hub/settings.js';
import { parseHubModel } from '../../src/hub/snapshot.js';
import { loadEncoder, loadModel } from '../../src/index.js';
import { findModel } from '../../src/models/model-folder.js';
import { packageRoot } from '../../src/native/loader.js';
import { LocalPolicy } from '../../src/policy/local-policy.js';
import { finished, startNode } from '../cli/run-cli.js';
import { COMMIT, type HubManners, hubServer } from '../helpers/hub-server.js';
import { useTemporaryFolder } from '../helpers/temporary-folder.js';
import { tinyBert } from '../helpers/tiny-encoder.js';
import { tinyModel } from '../helpers/tiny-model.js';

const folder = useTemporaryFolder();
let source: string;
beforeAll(async () => {
  source = await tinyModel('llama3-tiny-sharded');
  writeFileSync(join(source, 'pytorch_model.bin'), 'the same in another format');
  mkdirSync(join(source, 'onnx'));
  writeFileSync(join(source, 'onnx', 'config.json'), '{}');
});
beforeEach(() => {
  for (const name of ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
  vi.stubEnv('HF_HOME', folder.path('hf'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function hub(manners: HubManners = {}, from = source) {
  const server = await hubServer(from, manners);
  vi.stubEnv('HF_ENDPOINT', server.url);
  return server;
}

const repository = () => folder.path('hf/hub/models--org--tiny');

describe('a model of the hub', () => {
  test('is loaded by its id, and the second time from the disk', async () => {
    const { requests } = await hub();
    const progress: { done: number; total: number }[] = [];
    using model = await loadModel('org/tiny', { onDownload: (each) => progress.push({ ...each }) });
    using own = await loadModel(source);
    expect(model.hash).toBe(own.hash);
    expect(new LocalPolicy(model).identity.policy).toMatch(/^tiny@[0-9a-f]{8}$/);
    expect(progress.at(-1)!.done).toBe(progress.at(-1)!.total);
    expect(progress.every(({ done }, i) => done >= (progress[i - 1]?.done ?? 0))).toBe(true);
    const downloads = () => requests.filter(({ path }) => path.includes('/resolve/')).length;
    const first = downloads();
    await model.save(folder.path('saved'));
    expect(lstatSync(folder.path('saved/tokenizer.json')).isFile()).toBe(true);
    using again = await loadModel('org/tiny@main');
    expect(again.hash).toBe(own.hash);
    expect(downloads()).toBe(first);
  });

  test("lies in the layout of Python's libraries", async () => {
    await hub();
    const found = await findModel('org/tiny@v1');
    expect(found).toBe(join(repository(), 'snapshots', COMMIT));
    expect(readFileSync(join(repository(), 'refs', 'v1'), 'utf8')).toBe(COMMIT);
    const link = join(found, 'config.json');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readlinkSync(link)).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(readFileSync(link, 'utf8')).toBe(readFileSync(join(source, 'config.json'), 'utf8'));
    const weights = readdirSync(found).filter((name) => name.endsWith('.safetensors'));
    expect(weights.length).toBeGreaterThan(1);
    for (const name of weights) expect(readlinkSync(join(found, name))).toMatch(/\/[0-9a-f]{64}$/);
    expect(existsSync(join(found, 'pytorch_model.bin'))).toBe(false);
    expect(existsSync(join(found, 'onnx'))).toBe(false);
  });

  test('that Python put there is used without a network', async () => {
    await hub();
    await findModel('org/tiny');
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9');
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    using model = await loadModel('org/tiny');
    using other = await loadModel(`org/tiny@${COMMIT}`);
    expect(model.hash).toBe(other.hash);
    await expect(findModel('org/tiny@v2')).rejects.toMatchObject({ code: 'HUB_OFFLINE' });
    await expect(findModel('org/absent')).rejects.toMatchObject({ code: 'HUB_OFFLINE' });
  });

  test('can be a tokenizer only, or an encoder', async () => {
    await hub();
    const found = await findModel('org/tiny', {}, 'tokenizer');
    expect(readdirSync(found)).toContain('tokenizer.json');
    expect(readdirSync(found).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
    vi.stubEnv('HF_HOME', folder.path('other'));
    await hub({}, tinyBert(folder.path('')));
    using encoder = await loadEncoder('org/tiny');
    expect((await encoder.embed(['hello']))[0]).toHaveLength(encoder.dimensions);
  });

  test('a folder of that name goes first', async () => {
    expect(await findModel(source)).toBe(source);
    expect(parseHubModel('org/tiny@refs/pr/7')).toEqual({ name: 'org/tiny', revision: 'refs/pr/7' });
    for (const other of ['./a/b', '/a/b', 'a', 'a/b/c', '../b', 'a/b@../c', 'a/b@c/./d', 'a\\b/c']) {
      expect(parseHubModel(other)).toBeNull();
    }
  });
});

describe('downloads', () => {
  test('go on where they broke off, with the right bytes in the end', async () => {
    const { requests } = await hub({ download: (number) => (number % 2 === 0 ? 'cut' : null) });
    using model = await loadModel('org/tiny');
    using own = await loadModel(source);
    expect(model.hash).toBe(own.hash);
    const ranges = requests.flatMap(({ range }) => range ?? []);
    expect(ranges.some((range) => range !== 'bytes=0-')).toBe(true);
  });

  test('go on from what an interrupted run left', async () => {
    const interruption = new AbortController();
    const { requests } = await hub();
    const stopped = loadModel('org/tiny', {
      signal: interruption.signal,
      onDownload: ({ done, total }) => done > total / 2 && interruption.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    const before = requests.length;
    using model = await loadModel('org/tiny');
    expect(model.vocabulary).toBeGreaterThan(0);
    expect(requests.length - before).toBeLessThan(before + 3);
  });

  test('with wrong bytes are thrown away and tried again', async () => {
    await hub({ download: (number) => (number === 0 ? 'corrupt' : number === 1 ? 'fail' : null) });
    using model = await loadModel('org/tiny');
    using own = await loadModel(source);
    expect(model.hash).toBe(own.hash);
  });

  test('asked for by several processes and calls at once come once', async () => {
    const { requests, url } = await hub({ download: () => 'slow' });
    const module = pathToFileURL(join(packageRoot, 'dist/models/model-folder.js')).href;
    const program = `const { findModel } = await import('${module}');
      await Promise.all([findModel('org/tiny'), findModel('org/tiny')]);`;
    const environment = { HF_ENDPOINT: url, HF_HOME: folder.path('hf') };
    const start = () => finished(startNode(['--input-type=module', '-e', program], { environment }));
    for (const { code, stderr } of await Promise.all([start(), start()])) expect(code, stderr).toBe(0);
    const downloads = requests.flatMap(({ path }) => (path.includes('/resolve/') ? path : []));
    expect(downloads.length).toBeGreaterThan(4);
    expect(new Set(downloads).size).toBe(downloads.length);
    expect(readdirSync(join(repository(), 'blobs')).filter((name) => !/^[0-9a-f]+$/.test(name))).toEqual([]);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    using model = await loadModel('org/tiny');
    using own = await loadModel(source);
    expect(model.hash).toBe(own.hash);
  });

  test.each([
    ['too short', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), { keepsLinks: true }],
    ['of other bytes, left by another program', (bytes: Buffer) => Buffer.alloc(bytes.length), { keepsLinks: false }],
  ])('that are %s are made anew', async (_, spoil, { keepsLinks }) => {
    const { requests } = await hub();
    const found = await findModel('org/tiny');
    const before = requests.length;
    const weights = readdirSync(found).filter((name) => name.endsWith('.safetensors'));
    for (const name of weights) {
      const blob = realpathSync(join(found, name));
      writeFileSync(blob, spoil(readFileSync(blob)));
    }
    if (!keepsLinks) rmSync(join(repository(), 'snapshots'), { recursive: true });
    using model = await loadModel('org/tiny');
    using own = await loadModel(source);
    expect(model.hash).toBe(own.hash);
    const downloads = requests.slice(before).filter(({ path }) => path.includes('/resolve/'));
    expect(downloads.length).toBe(weights.length);
  });

  test('need access where access is needed; the token is in no message', async () => {
    await hub({ token: 'secret' });
    const refused = await findModel('org/tiny').catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'HUB_REFUSED', message: expect.stringContaining('set HF_TOKEN') });
    vi.stubEnv('HF_TOKEN', 'wrong');
    const wrong = (await findModel('org/tiny').catch((error: Error) => error)) as Error;
    expect(wrong).toMatchObject({ code: 'HUB_REFUSED' });
    expect(wrong.message).not.toMatch(/wrong/);
    vi.stubEnv('HF_TOKEN', '');
    mkdirSync(folder.path('hf'), { recursive: true });
    writeFileSync(folder.path('hf/token'), 'secret\n');
    expect(await findModel('org/tiny')).toContain(COMMIT);
  });

  test('of what is not there say so', async () => {
    await hub();
    for (const name of ['org/other', 'org/tiny@v9']) {
      await expect(findModel(name)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    }
    await expect(findModel('./org/tiny')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

test('settings come from the environment', async () => {
  const defaults = await hubSettings({ HF_HOME: '/h' });
  expect(defaults).toEqual({ url: 'https://huggingface.co', cache: '/h/hub', token: undefined, offline: false });
  expect(await hubSettings({ XDG_CACHE_HOME: '/x', HF_HUB_OFFLINE: 'TRUE' })).toMatchObject({
    cache: '/x/huggingface/hub',
    offline: true,
  });
  const mirror = { HF_ENDPOINT: 'http://mirror/', HF_HUB_CACHE: '/c', HF_TOKEN: 't', HF_HUB_OFFLINE: '0' };
  expect(await hubSettings(mirror)).toEqual({ url: 'http://mirror', cache: '/c', token: 't', offline: false });
  const secret = hubSettings({ HF_ENDPOINT: 'https://me:hidden@mirror' });
  await expect(secret).rejects.toMatchObject({ code: 'ENDPOINT_URL', message: expect.not.stringContaining('hidden') });
});
