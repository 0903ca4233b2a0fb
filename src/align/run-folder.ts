/** @file What a training run leaves on disk (docs/training.md): every file appears complete or not at all. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DataError, describeError, UsageError } from '../errors.js';
import { writeFileAtomic } from '../files/atomic.js';
import { verifyChecksums } from '../files/checksums.js';
import { replaceFolder } from '../files/folder.js';

const STATE = 'state.json';
const STEP_FOLDER = /^step-(\d+)$/;

/** A checkpoint on disk. */
export interface CheckpointFolder {
  step: number;
  path: string;
  /** The model in it, in Hugging Face layout. */
  model: string;
  /** In place of the model in a run that trains adapters, as PEFT writes them. */
  adapter: string;
  optimizer: string;
}

export class RunFolder {
  readonly path: string;
  readonly reference: string;
  /** The trained model, once the run has ended. */
  readonly model: string;
  readonly adapter: string;
  readonly metrics: string;
  /** Where the state of the optimizer is written before it goes into a checkpoint. */
  readonly draft: string;
  readonly #checkpoints: string;

  constructor(path: string) {
    this.path = path;
    this.reference = join(path, 'reference.jsonl');
    this.model = join(path, 'model');
    this.adapter = join(path, 'adapter');
    this.metrics = join(path, 'metrics.jsonl');
    this.draft = join(path, '.optimizer.tmp');
    this.#checkpoints = join(path, 'checkpoints');
  }

  /** Whether a run was begun here. */
  get isBegun(): boolean {
    return existsSync(join(this.path, 'config.json'));
  }

  async writeJson(name: 'config' | 'environment' | 'result', value: object): Promise<void> {
    await writeFileAtomic(join(this.path, `${name}.json`), `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Null where there is none. @throws DataError RUN_INVALID */
  async readJson(name: 'config' | 'result'): Promise<unknown> {
    return readJson(join(this.path, `${name}.json`));
  }

  /** The checkpoints, oldest first. */
  async checkpoints(): Promise<CheckpointFolder[]> {
    const names = await readdir(this.#checkpoints).catch(() => []);
    const steps = names.flatMap((name) => STEP_FOLDER.exec(name)?.[1] ?? []).map(Number);
    return steps.sort((a, b) => a - b).map((step) => this.checkpoint(step));
  }

  checkpoint(step: number): CheckpointFolder {
    const path = join(this.#checkpoints, `step-${step}`);
    return { step, path, ...partsOf(path) };
  }

  /** Writes a checkpoint, whole or not at all; `fill` writes model and optimizer into the folder it is given. */
  async writeCheckpoint(
    step: number,
    state: object,
    fill: (parts: Pick<CheckpointFolder, 'model' | 'adapter' | 'optimizer'>) => Promise<void>,
  ): Promise<CheckpointFolder> {
    const checkpoint = this.checkpoint(step);
    await replaceFolder(checkpoint.path, STATE, async (temporary) => {
      await fill(partsOf(temporary));
      await writeFileAtomic(join(temporary, STATE), `${JSON.stringify(state)}\n`);
    });
    return checkpoint;
  }

  /** @throws DataError CHECKSUM for any file right in the checkpoint, RUN_INVALID */
  async readState(checkpoint: CheckpointFolder): Promise<unknown> {
    await verifyChecksums(checkpoint.path);
    const path = join(checkpoint.path, STATE);
    return (await readJson(path)) ?? refuse(path, 'it is missing');
  }

  /**
   * Deletes all but the newest checkpoints; those that are spared stay whatever their age. One that is not due, because a run
   * was stopped there, counts until a newer one is written: then the folder is again that of a run that was never stopped.
   */
  async rotate(
    keep: number,
    { isDue, spares }: Record<'isDue' | 'spares', (checkpoint: CheckpointFolder) => boolean>,
  ): Promise<void> {
    const all = await this.checkpoints();
    const kept = all.filter((each) => isDue(each) || each === all.at(-1)).slice(-keep);
    for (const checkpoint of all) {
      if (!kept.includes(checkpoint) && !spares(checkpoint)) await this.removeCheckpoint(checkpoint);
    }
  }

  async removeCheckpoint({ path }: CheckpointFolder): Promise<void> {
    await removeWhole(path);
  }

  /** Gives the disk space of the checkpoints back; only for a run that has ended. */
  async removeCheckpoints(): Promise<void> {
    await removeWhole(this.#checkpoints);
  }

  /** Removes what a killed process left half written. */
  async removeLeftovers(): Promise<void> {
    for (const folder of [this.#checkpoints, this.path]) {
      const names = await readdir(folder).catch(() => []);
      const left = names.filter((name) => /^\..*\.(tmp|old)$/.test(name));
      for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Where a resumed run goes on: at its latest checkpoint, or at the one before, because the latest is broken. */
export type ResumeFrom = 'latest' | 'previous';

/**
 * The model folder that a run continues from: load the model from there and give it to `align` with `resume: true` and the same
 * `checkpoint`. Null where that is the model that the run began with, because there is no such checkpoint or only adapters train.
 */
export async function resumeFolder(run: string, from: ResumeFrom = 'latest'): Promise<string | null> {
  const checkpoint = checkpointToResume(await new RunFolder(run).checkpoints(), from);
  return checkpoint === undefined || existsSync(checkpoint.adapter) ? null : checkpoint.model;
}

/** Undefined where the run begins anew. */
export function checkpointToResume(
  checkpoints: readonly CheckpointFolder[],
  from: ResumeFrom,
): CheckpointFolder | undefined {
  return checkpoints.at(from === 'latest' ? -1 : -2);
}

/** By way of another name: what is half deleted must not be taken for whole. */
async function removeWhole(folder: string): Promise<void> {
  const old = join(dirname(folder), `.${basename(folder)}.old`);
  await rm(old, { recursive: true, force: true });
  if (existsSync(folder)) await rename(folder, old);
  await rm(old, { recursive: true, force: true });
}

function partsOf(checkpoint: string) {
  return {
    model: join(checkpoint, 'model'),
    adapter: join(checkpoint, 'adapter'),
    optimizer: join(checkpoint, 'optimizer.safetensors'),
  };
}

export function samePath(a: string, b: string): boolean {
  return resolve(a) === resolve(b);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new UsageError('RUN_UNREADABLE', `${path}: cannot be read: ${error.message}`);
  });
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(path, `not JSON (${describeError(error)})`);
  }
}

function refuse(path: string, problem: string): never {
  throw new DataError(
    'RUN_INVALID',
    `${path}: ${problem}; go on from the checkpoint before it (--checkpoint previous)`,
  );
}
