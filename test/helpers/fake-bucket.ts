import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

/** What a bucket answers out of turn, instead of doing what it is asked. */
export type Mishap = { status: number } | 'hang up';

/**
 * The few calls of the S3 API that shards need, on this machine: GET, HEAD, and PUT with `If-None-Match: *`, which is refused
 * with 412 where the object is there. Closed after the test.
 */
export async function fakeBucket(mishaps: Mishap[] = []) {
  const objects = new Map<string, Buffer>();
  /** Methods that these keys may not use. */
  const denied = new Set<string>();
  const requests: { method: string; path: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const { method = '', url: path = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ method, path, headers });
      const mishap = mishaps.shift();
      if (mishap === 'hang up') return response.destroy();
      if (mishap !== undefined) return response.writeHead(mishap.status).end('<Error/>');
      const isKnown = headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=key/');
      if (!isKnown || denied.has(method)) return response.writeHead(403).end();
      const content = objects.get(path);
      if (method === 'PUT') {
        const isTaken = content !== undefined && headers['if-none-match'] === '*';
        if (!isTaken) objects.set(path, Buffer.concat(chunks));
        return response.writeHead(isTaken ? 412 : 200).end();
      }
      return response.writeHead(content === undefined ? 404 : 200).end(method === 'HEAD' ? undefined : content);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(server);
  const environment = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  return { objects, requests, denied, environment };
}

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
