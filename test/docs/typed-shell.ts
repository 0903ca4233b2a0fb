import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { runProgram } from '../../src/cli/program.js';
import { cleanEnvironment } from '../cli/run-cli.js';

/**
 * In the shell `pope` is a function: it writes its working folder and arguments to a file and the name of that file to
 * descriptor 3; what comes back through descriptor 4 is the exit code, and beside the file a script that prints what was printed.
 */
const PRELUDE = `
exec 2>&1
pope() {
  local call code
  call=$(mktemp -d)
  printf '%s\\0' "$PWD" "$@" > "$call/arguments"
  echo "$call" >&3
  read -r code <&4
  source "$call/printed"
  return "$code"
}
`;

/** A bash into which blocks are typed one after the other; `pope` runs in this process, which saves its start. */
export class TypedShell {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'pope-shell-'));
  #printed = '';
  #notify = () => {};
  #closed = false;

  /** @param environment variables beside those of this process; POPE_ settings of this process are not passed on */
  constructor(cwd: string, environment: Record<string, string> = {}) {
    const env = { ...cleanEnvironment(), ...environment };
    this.#child = spawn('bash', ['--norc'], { cwd, env, stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#notify();
    });
    this.#child.on('close', () => {
      this.#closed = true;
      this.#notify();
    });
    const replies = this.#child.stdio[4] as Writable;
    createInterface({ input: this.#child.stdio[3] as Readable }).on('line', async (call) => {
      replies.write(`${await answer(call, environment)}\n`);
    });
    this.#child.stdin!.write(PRELUDE);
  }

  /** Runs a script to its end. @returns what it printed, standard error included @throws Error when a command of it fails */
  async type(script: string): Promise<string> {
    const end = '=== end of a block ===\n';
    const file = join(this.#folder, 'block.sh');
    writeFileSync(file, `set -euo pipefail\n${script}\nset +eu\n`);
    this.#printed = '';
    this.#child.stdin!.write(`source ${file} < /dev/null\nprintf '${end.replace('\n', '\\n')}'\n`);
    while (!this.#printed.endsWith(end) && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
    if (this.#closed) throw new Error(`a command failed: ${script}\n${this.#printed}`);
    return this.#printed.slice(0, -end.length);
  }

  close(): void {
    this.#child.stdin!.end();
  }
}

/** Runs one call of `pope` and leaves what it printed beside its arguments. @returns the exit code */
async function answer(call: string, environment: Record<string, string>): Promise<number> {
  const [cwd, ...argv] = readFileSync(join(call, 'arguments'), 'utf8').split('\0').slice(0, -1);
  const commands: string[] = [];
  const print = (target: string) => (text: string, taken?: () => void) => {
    const file = join(call, String(commands.length));
    writeFileSync(file, text);
    commands.push(`cat '${file}' ${target}\n`);
    taken?.();
  };
  const here = process.cwd();
  process.chdir(cwd!);
  const code = await runProgram(argv, {
    stdout: { write: print('') },
    stderr: { write: print('>&2') },
    environment,
    signal: new AbortController().signal,
  });
  process.chdir(here);
  writeFileSync(join(call, 'printed'), commands.join(''));
  return code;
}
