import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'vitest';
import { verifyChecksums } from '../../src/files/checksums.js';
import type { Command } from './commands.js';

/** Names under which nothing is ever taken for finished: locks, journals, temporary files, rows of an import on their way. */
const UNFINISHED = /(^|\/)\.|\.(lock|partial)$|\.import\//;
/** Lines as they happen, with the time. */
const RECORDS = /(^|\/)(metrics\.jsonl|events\.out\.tfevents.*)$/;

/** The files below a folder by their paths in it, without their own place and time. */
function filesOf(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return new Map(
    paths.sort().map((path) => [path, readFileSync(join(folder, path), 'latin1').replaceAll(folder, 'FOLDER')]),
  );
}

/** What a command that was left alone has made, to compare others with. */
export class FinishedRun {
  readonly #command: Command;
  readonly #files: Map<string, string>;

  constructor(command: Command, folder: string) {
    this.#command = command;
    this.#files = this.#finished(folder);
  }

  /** Whatever is there under a final name has to be whole. */
  async expectNothingPartial(folder: string): Promise<void> {
    for (const [path, content] of this.#finished(folder)) {
      if (RECORDS.test(path)) continue;
      const step = /^.*checkpoints\/step-\d+\//.exec(path)?.[0];
      if (step !== undefined) await verifyChecksums(dirname(join(folder, step, 'x')));
      else if (this.#files.get(path) !== content)
        expect({ path, content }).toEqual({ path, content: this.#files.get(path) });
    }
  }

  /** The same files, and nothing left over. */
  expectSame(folder: string): void {
    const files = filesOf(folder);
    const left = [...files.keys()].filter((path) => UNFINISHED.test(path));
    expect(left).toEqual([]);
    const finished = this.#finished(folder);
    expect([...finished.keys()]).toEqual([...this.#files.keys()]);
    for (const [path, content] of finished) {
      if (!RECORDS.test(path))
        expect(content === this.#files.get(path), `${relative(folder, path)} is as in a run that was left alone`).toBe(
          true,
        );
    }
  }

  #finished(folder: string): Map<string, string> {
    const { keeps = /./ } = this.#command;
    return new Map([...filesOf(folder)].filter(([path]) => !UNFINISHED.test(path) && keeps.test(path)));
  }
}
