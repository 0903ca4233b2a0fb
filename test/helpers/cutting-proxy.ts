import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll } from 'vitest';

/**
 * A server on this machine that hands on what it gets to `port`, but hangs up on the connections that `cuts` says (counted from 1),
 * when their client has been greeted and asks its first question. Ended after the tests of the file.
 */
export async function cuttingProxy(
  port: number,
  cuts: (connection: number) => boolean,
): Promise<{ readonly port: number; readonly cut: number }> {
  let connections = 0;
  let cut = 0;
  const server = createServer((client) => {
    const isCut = cuts(++connections);
    const upstream = connect(port, '127.0.0.1');
    let greeted = false;
    upstream.on('data', () => {
      greeted = true;
    });
    client.on('data', (chunk) => {
      if (!isCut || !greeted) return upstream.write(chunk);
      cut++;
      return client.destroy();
    });
    upstream.pipe(client);
    client.on('error', () => {}).on('close', () => upstream.destroy());
    upstream.on('error', () => {}).on('close', () => client.destroy());
    sockets.push(client, upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close.push(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    get cut() {
      return cut;
    },
  };
}

const sockets: Socket[] = [];
const close: (() => void)[] = [];
afterAll(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const each of close.splice(0)) each();
});
