import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic, writing } from '../files/atomic.js';
import { reading } from '../files/text.js';
import { fileVersionRecord, scalarsOf, scalarsRecord } from './tensorboard.js';

/** A line of metrics.jsonl. */
interface MetricsLine {
  step: number;
  /** When it was written: seconds since 1970. */
  time: number;
}

/** TensorBoard takes every file of this kind of name in the folder that it is pointed at. */
const EVENTS = 'events.out.tfevents.0.pope';

/** metrics.jsonl, one line per step or validation as it happens, and the same as an event file of TensorBoard beside it. */
export class MetricsFile {
  readonly #path: string;
  readonly #lines: FileHandle;
  readonly #events: FileHandle;

  private constructor(path: string, lines: FileHandle, events: FileHandle) {
    this.#path = path;
    this.#lines = lines;
    this.#events = events;
  }

  /** Opens both for appending; what is of later steps than `step`, which a resumed run does again, is cut off. */
  static async open(path: string, step: number): Promise<MetricsFile> {
    const events = join(dirname(path), EVENTS);
    await mkdir(dirname(path), { recursive: true });
    const text = existsSync(path) ? await reading(path, readFile(path, 'utf8')) : '';
    const kept = text.split('\n').flatMap((line) => parseLine(line) ?? []);
    const earlier = kept.filter((line) => line.step <= step);
    await writeFileAtomic(path, earlier.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const began = earlier[0]?.time ?? Date.now() / 1000;
    await writeFileAtomic(events, Buffer.concat([fileVersionRecord(began), ...earlier.map(eventOf)]));
    return new MetricsFile(path, await open(path, 'a'), await open(events, 'a'));
  }

  /** @throws PopeError WRITE_FAILED */
  async append(metrics: { kind: string; step: number; [figure: string]: unknown }): Promise<void> {
    const line = { ...metrics, time: Date.now() / 1000 };
    await writing(this.#path, this.#lines.appendFile(`${JSON.stringify(line)}\n`));
    await writing(this.#path, this.#events.appendFile(eventOf(line)));
  }

  async close(): Promise<void> {
    await this.#lines.close();
    await this.#events.close();
  }
}

function eventOf({ step, time, ...metrics }: MetricsLine): Buffer {
  return scalarsRecord(time, step, scalarsOf(metrics));
}

/** Null for a line that a kill cut short. */
function parseLine(line: string): MetricsLine | null {
  try {
    const value = JSON.parse(line);
    return typeof value?.step === 'number' && typeof value.time === 'number' ? value : null;
  } catch {
    return null;
  }
}
