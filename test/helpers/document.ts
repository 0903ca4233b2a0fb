import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, finished, main } from '../cli/run-cli.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** What the fence says, such as `sh`. */
  language: string;
  text: string;
}

/** The fenced blocks of a page of the documentation, in order. @param page path in the project */
export function blocksOf(page: string): Block[] {
  const fences = readFileSync(join(root, page), 'utf8').matchAll(/^```(\S*)\n(.*?)^```$/gms);
  return [...fences].map((match) => ({ language: match[1]!, text: match[2]! }));
}

/**
 * Types scripts into one shell, in which `pope` is the built command, one after the other, up to the first that fails.
 *
 * @returns what each printed, standard error included, and the exit code of the shell
 */
export async function runShell(
  scripts: readonly string[],
  cwd: string,
): Promise<{ code: number | null; outputs: string[] }> {
  const bin = mkdtempSync(join(tmpdir(), 'pope-bin-'));
  writeFileSync(join(bin, 'pope'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  const mark = '=== end of a block ===';
  const typed = ['exec 2>&1', ...scripts.map((script) => `${script}\necho '${mark}'`)].join('\n');
  const environment = cleanEnvironment();
  const env = { ...environment, PATH: `${bin}${delimiter}${environment.PATH}` };
  const { code, stdout } = await finished(spawn('bash', ['-euo', 'pipefail', '-c', typed], { cwd, env }));
  return { code, outputs: stdout.split(`${mark}\n`) };
}
