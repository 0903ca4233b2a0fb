import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

export interface FakeRequest {
  path: string;
  headers: IncomingMessage['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: whatever a client sends
  body: any;
}

/** One answer: an object as JSON, or the status, body and manners of a server that misbehaves. */
export type FakeAnswer =
  | object
  | { status?: number; text?: string; headers?: Record<string, string>; delay?: number; cut?: boolean };

const isRaw = (answer: object) => ['status', 'text', 'delay', 'cut'].some((key) => key in answer);

/**
 * A server on this machine that answers as `respond` says, called with each request and its number from 0; closed after the
 * test. `cut` announces more bytes than it sends and hangs up.
 */
export async function fakeServer(
  respond: (request: FakeRequest, number: number) => FakeAnswer | Promise<FakeAnswer>,
): Promise<{ url: string; requests: FakeRequest[] }> {
  const requests: FakeRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      const received = { path: request.url!, headers: request.headers, body };
      requests.push(received);
      send(response, await respond(received, requests.length - 1));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  servers.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests };
}

const servers: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function send(response: ServerResponse, answer: FakeAnswer): void {
  const raw = (isRaw(answer) ? answer : { text: JSON.stringify(answer) }) as {
    status?: number;
    text?: string;
    headers?: Record<string, string>;
    delay?: number;
    cut?: boolean;
  };
  const timer = setTimeout(() => {
    const text = raw.text ?? '{}';
    const length = raw.cut ? { 'content-length': String(text.length + 100) } : {};
    response.writeHead(raw.status ?? 200, { 'content-type': 'application/json', ...length, ...raw.headers });
    if (raw.cut) response.write(text, () => response.destroy());
    else response.end(text);
  }, raw.delay ?? 0);
  timer.unref();
}

/** The body of a chat completion. */
export function completion(content: string, model = 'fake'): object {
  return {
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  };
}
