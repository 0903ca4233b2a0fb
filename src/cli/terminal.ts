import { type Progress, ProgressLine, type ProgressStream } from './progress.js';

/** Standard output as commands see it: data only, with backpressure; a reader that went away is an `EPIPE` error. */
export interface DataStream {
  write(text: string, callback: (error?: Error | null) => void): unknown;
}

export interface TerminalOptions {
  stdout: DataStream;
  stderr: ProgressStream;
  quiet: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Where a command writes: data to standard output, words for people to standard error. */
export class Terminal {
  readonly #stdout: DataStream;
  readonly #stderr: ProgressStream;
  readonly #quiet: boolean;
  /** Whether progress is shown: only on a terminal that nobody asked to be quiet. */
  readonly drawsProgress: boolean;
  readonly #progress: ProgressLine | undefined;

  constructor({ stdout, stderr, quiet, environment }: TerminalOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#quiet = quiet;
    this.drawsProgress = stderr.isTTY === true && !quiet && !environment.NO_COLOR && !environment.CI;
    this.#progress = this.drawsProgress ? new ProgressLine(stderr) : undefined;
  }

  /** The same streams without progress and remarks. */
  silenced(): Terminal {
    return new Terminal({ stdout: this.#stdout, stderr: this.#stderr, quiet: true, environment: {} });
  }

  /** Data. Resolves when the stream has taken it. */
  write(data: string): Promise<void> {
    this.clearProgress();
    return new Promise((resolve, reject) => {
      this.#stdout.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** One object as JSON, indented. */
  writeJson(value: unknown): Promise<void> {
    return this.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A line for people; `--quiet` silences it. */
  say(line: string): void {
    if (this.#quiet) return;
    this.clearProgress();
    this.#stderr.write(`${line}\n`);
  }

  /** Long work shows how far it is; nothing happens where no progress is drawn. */
  progress(progress: Progress): void {
    this.#progress?.update(progress);
  }

  /** Takes the progress line away; before anything is written to standard output, which may be the same terminal. */
  clearProgress(): void {
    this.#progress?.clear();
  }
}
