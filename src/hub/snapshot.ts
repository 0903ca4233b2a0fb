import { copyFile, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { DataError, describeValue, PopeError } from '../errors.js';
import { downloadBlob, type HubFile } from './download.js';
import { hubFetch, retrying } from './hub-fetch.js';
import { type HubSettings, hubSettings } from './settings.js';

/** A model of the hub: `org/name`, at a branch, tag or commit. */
export interface HubModel {
  name: string;
  revision: string;
}

/** Of what may have to be fetched from the hub. */
export interface DownloadOptions {
  signal?: AbortSignal | undefined;
  /** Hears of every file and piece that comes: bytes on disk, of how many. */
  onDownload?: ((progress: { done: number; total: number }) => void) | undefined;
}

const COMMIT = /^[0-9a-f]{40}$/;
/** Parts of names are joined to paths: they must not lead elsewhere. */
const SAFE_PATH = /^(?!.*(^|\/)\.{0,2}(\/|$))[^\\\0]+$/;

/** `org/name` or `org/name@revision`; null for anything else. */
export function parseHubModel(text: string): HubModel | null {
  const [, name, revision = 'main'] = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w][\w./-]*))?$/.exec(text) ?? [];
  return name === undefined || !SAFE_PATH.test(revision) ? null : { name, revision };
}

/**
 * The folder of a model in the cache that Python's libraries use too; what is missing there is downloaded first.
 *
 * @param wants which files are needed, by their path
 * @throws DataError MODEL_NOT_FOUND, HUB_REFUSED, HUB_OFFLINE; PopeError HUB_FAILED; the reason of `signal`
 */
export async function modelSnapshot(
  model: HubModel,
  wants: (path: string) => boolean,
  options: DownloadOptions = {},
): Promise<string> {
  const settings = await hubSettings();
  const folder = join(settings.cache, `models--${model.name.replace('/', '--')}`);
  return settings.offline ? cached(model, folder) : download(model, folder, settings, wants, options);
}

async function cached({ name, revision }: HubModel, folder: string): Promise<string> {
  const ref = await readFile(join(folder, 'refs', revision), 'utf8').catch(() => '');
  const commit = COMMIT.test(revision) ? revision : ref.trim();
  const snapshot = join(folder, 'snapshots', commit);
  if (commit !== '' && (await stat(snapshot).catch(() => null))) return snapshot;
  const what = `model ${name} at revision ${revision}`;
  throw new DataError('HUB_OFFLINE', `${what}: not in ${folder}, and HF_HUB_OFFLINE forbids to download it`);
}

async function download(
  { name, revision }: HubModel,
  folder: string,
  settings: HubSettings,
  wants: (path: string) => boolean,
  { signal, onDownload }: DownloadOptions,
): Promise<string> {
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  const fetch = hubFetch(settings, signal);
  const what = `model ${name} at revision ${revision} of ${settings.url}`;
  const source = { hubUrl: settings.url, fetch };
  const { commit, files } = await retrying(
    what,
    async () => {
      const { sha } = await modelInfo({ ...source, name, revision, additionalFields: ['sha'] });
      if (!COMMIT.test(sha)) throw unexpected(what, `a commit id, got ${describeValue(sha)}`);
      const found: HubFile[] = [];
      const entries = listFiles({ ...source, repo: { type: 'model', name }, revision: sha, recursive: true });
      for await (const { type, path, size, oid, lfs } of entries) {
        if (type === 'file' && wants(path)) found.push(checked({ path, size, hash: lfs?.oid ?? oid ?? '' }, what));
      }
      return { commit: sha, files: found };
    },
    signal,
  );
  const snapshot = join(folder, 'snapshots', commit);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const file of files) {
    signal?.throwIfAborted();
    const blob = join(folder, 'blobs', file.hash);
    const linked = join(snapshot, file.path);
    const path = file.path.split('/').map(encodeURIComponent).join('/');
    await downloadBlob(`${settings.url}/${name}/resolve/${commit}/${path}`, file, blob, {
      fetch,
      signal,
      trusts: await isThere(linked),
      onBytes: (bytes) => onDownload?.({ done: before + bytes, total }),
    });
    await link(blob, linked);
    before += file.size;
  }
  // Last, so that who finds the name finds the files.
  if (revision !== commit) {
    const ref = join(folder, 'refs', revision);
    await mkdir(dirname(ref), { recursive: true });
    await writeFile(ref, commit);
  }
  return snapshot;
}

function checked(file: HubFile, what: string): HubFile {
  if (!SAFE_PATH.test(file.path)) throw unexpected(what, `a path in the repository, got ${describeValue(file.path)}`);
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(file.hash)) return file;
  throw unexpected(what, `the hash of ${file.path}, got ${describeValue(file.hash)}`);
}

function unexpected(what: string, problem: string): PopeError {
  return new PopeError('HUB_ANSWER', `${what}: expected ${problem}`);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A relative link, as Python makes it, so that the cache can move; a copy where links are not allowed. */
async function link(blob: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(relative(dirname(path), blob), path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    if (error.code !== 'EPERM') throw error;
    await copyFile(blob, path);
  });
}
