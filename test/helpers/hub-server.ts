import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach } from 'vitest';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export interface HubManners {
  /** Needed for every request. */
  token?: string;
  /** What happens to the nth download (from 0) instead: break off in the middle, send other bytes, fail, pause in the middle. */
  download?: (number: number, path: string) => 'cut' | 'corrupt' | 'fail' | 'slow' | null;
}

/** A model hub on this machine with one model, `org/tiny`, from a folder; closed after the test. */
export async function hubServer(folder: string, { token, download = () => null }: HubManners = {}) {
  const requests: { path: string; range: string | undefined }[] = [];
  let downloads = 0;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  const hash = (algorithm: string, ...parts: (string | Buffer)[]) => {
    const digest = createHash(algorithm);
    for (const part of parts) digest.update(part);
    return digest.digest('hex');
  };
  const entry = (path: string) => {
    const bytes = readFileSync(join(folder, path));
    const size = bytes.length;
    const lfs = path.endsWith('.safetensors') ? { lfs: { oid: hash('sha256', bytes), size, pointerSize: 130 } } : {};
    return { type: 'file', path, size, oid: hash('sha1', `blob ${size}\0`, bytes), ...lfs };
  };
  const server = createServer((request, response) => {
    const { pathname: path } = new URL(request.url!, 'http://host');
    const { range } = request.headers;
    requests.push({ path, range });
    const json = (value: unknown, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return json({ error: 'gated' }, 401);
    const api = '/api/models/org/tiny';
    if ([`${api}/revision/main`, `${api}/revision/v1`, `${api}/revision/${COMMIT}`].includes(path)) {
      return json({ _id: '1', id: 'org/tiny', sha: COMMIT, lastModified: '2026-01-01T00:00:00Z' });
    }
    if (path === `${api}/tree/${COMMIT}`) return json(files.map(entry));
    const prefix = `/org/tiny/resolve/${COMMIT}/`;
    const file = path.startsWith(prefix) ? decodeURIComponent(path.slice(prefix.length)) : '';
    if (!files.includes(file)) return json({ error: 'not found' }, 404);
    const what = download(downloads++, file);
    if (what === 'fail') return json({ error: 'oops' }, 503);
    send(response, readFileSync(join(folder, file)), Number(/bytes=(\d+)/.exec(range ?? '')?.[1] ?? 0), what);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, files };
}

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function send(response: ServerResponse, whole: Buffer, from: number, what: 'cut' | 'corrupt' | 'slow' | null): void {
  const bytes = what === 'corrupt' ? Buffer.alloc(whole.length - from) : whole.subarray(from);
  response.writeHead(206, { 'content-length': String(bytes.length) });
  const half = bytes.length >> 1;
  if (what === 'cut') response.write(bytes.subarray(0, half), () => setTimeout(() => response.destroy(), 20));
  else if (what === 'slow')
    response.write(bytes.subarray(0, half), () => setTimeout(() => response.end(bytes.subarray(half)), 100));
  else response.end(bytes);
}
