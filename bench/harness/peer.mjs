import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Another process that answers each line it is sent with one line: a floor or a peer, timed by its own clock. */
export class Peer {
  #child;
  #lines;

  /** @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] more of the environment */
  constructor(command, args, env = {}) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    this.#child.unref();
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer to a line. Throws when the process has ended. */
  async ask(line) {
    this.#child.stdin.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnfile} ended instead of answering "${line}"`);
    return value;
  }

  /** For `measure`: asks, and reads the answer as milliseconds. */
  async milliseconds(line) {
    return { ms: Number(await this.ask(line)) };
  }

  close() {
    this.#child.stdin.end();
  }
}
