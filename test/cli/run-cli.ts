import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ProcessOptions {
  environment?: Record<string, string>;
  cwd?: string;
}

/** The environment of this process without its POPE_ settings. */
export function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POPE_')));
}

/** Starts Node with none of this process's POPE_ settings. */
export function startNode(argv: readonly string[], { environment = {}, cwd }: ProcessOptions = {}): ChildProcess {
  return spawn(process.execPath, argv, { env: { ...cleanEnvironment(), ...environment }, cwd });
}

/** Starts the built `pope` in a process of its own, as a user would. */
export function startCli(argv: readonly string[], options?: ProcessOptions): ChildProcess {
  return startNode([main, ...argv], options);
}

/** Runs it to its end. */
export async function runCli(
  argv: readonly string[],
  { input = '', ...options }: ProcessOptions & { input?: string } = {},
): Promise<Outcome> {
  const child = startCli(argv, options);
  child.stdin!.on('error', () => {}); // It may end before it has read everything.
  child.stdin!.end(input);
  return finished(child);
}

/** Waits for the end of a process and collects what it wrote. */
export function finished(child: ChildProcess): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, ...written }));
  });
}
