/**
 * @file Stages of a study: each is a folder ROOT/KIND/NAME-HASH, where the hash is of everything that its content follows from. It
 * is complete when its stage.json is there, which is written last; a complete stage is never done again, and one that was killed goes on
 * with what it finds in its folder.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../files/atomic.js';
import { locked, OutputLock } from '../../files/lock.js';
import { readOwnJson } from '../../files/text.js';

/** A complete stage. */
export interface Stage<T> {
  folder: string;
  /** For the keys of the stages that build on this one. */
  hash: string;
  result: T;
}

export interface StageEvent {
  kind: string;
  name: string;
  /** 'kept': it was complete already. */
  state: 'begun' | 'done' | 'kept';
}

const HASH_DIGITS = 10;

export class Stages {
  readonly #root: string;
  readonly #onStage: ((event: StageEvent) => void) | undefined;
  readonly #complete = new Map<string, Promise<Stage<unknown>>>();

  constructor(root: string, onStage?: (event: StageEvent) => void) {
    this.#root = root;
    this.#onStage = onStage;
  }

  /**
   * @param kind the room of the folder
   * @param name for people
   * @param key all that the content follows from; JSON
   * @param work fills the folder and returns what is kept in stage.json; JSON too
   * @throws UsageError OUTPUT_LOCKED while another process does the same stage
   */
  run<T>(kind: string, name: string, key: object, work: (folder: string) => Promise<T>): Promise<Stage<T>> {
    const hash = createHash('sha256')
      .update(JSON.stringify([kind, key]))
      .digest('hex')
      .slice(0, HASH_DIGITS);
    const folder = join(this.#root, kind, `${name}-${hash}`);
    const known = this.#complete.get(folder) as Promise<Stage<T>> | undefined;
    if (known !== undefined) return known;
    const running = this.#run(folder, { kind, name, key, work }).then((result) => ({ folder, hash, result }));
    this.#complete.set(folder, running);
    return running;
  }

  async #run<T>(
    folder: string,
    { kind, name, key, work }: { kind: string; name: string; key: object; work: (folder: string) => Promise<T> },
  ): Promise<T> {
    const file = join(folder, 'stage.json');
    if (existsSync(file)) {
      this.#onStage?.({ kind, name, state: 'kept' });
      return (await readOwnJson<{ result: T }>(file)).result;
    }
    this.#onStage?.({ kind, name, state: 'begun' });
    const result = await locked(OutputLock.ofFile(file), async () => {
      const made = await work(folder);
      await writeFileAtomic(file, `${JSON.stringify({ kind, name, key, result: made })}\n`);
      return made;
    });
    this.#onStage?.({ kind, name, state: 'done' });
    return result;
  }
}
