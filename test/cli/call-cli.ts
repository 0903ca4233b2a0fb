import { runProgram } from '../../src/cli/program.js';
import type { Outcome } from './run-cli.js';

/** Runs the program in this process, which is quicker where what it prints is all that matters. */
export async function callCli(argv: readonly string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const into = (name: keyof typeof written) => (text: string, taken?: () => void) => {
    written[name] += text;
    taken?.();
  };
  const code = await runProgram(argv, {
    stdout: { write: into('stdout') },
    stderr: { write: into('stderr') },
    environment: {},
    signal: new AbortController().signal,
  });
  return { code, signal: null, ...written };
}
