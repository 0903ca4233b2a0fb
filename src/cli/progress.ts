/** What a progress line needs of standard error. */
export interface ProgressStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

export interface Progress {
  /** What is being done; another label, or less that is done, begins another count of time. */
  label: string;
  done: number;
  /** Where it is known, a bar and the time left are shown too. */
  total: number | undefined;
  /** Of all work, where that is known and the total is not: then the bar and the time left are of it. */
  share?: number | undefined;
  unit: string;
  /** What else is worth a glance, after the rest. */
  detail?: string | undefined;
}

const REDRAW_MS = 100;
const BAR_WIDTH = 24;

/** One line on a terminal, redrawn in place: `scoring [=====>    ] 41 %  1,234 of 3,000 queries  56.2/s  0:31 left`. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #label: string | undefined;
  #started = 0;
  #done = 0;
  #drawn = Number.NEGATIVE_INFINITY;
  #visible = false;

  /** @param now milliseconds; tests pass their own clock */
  constructor(stream: ProgressStream, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
  }

  update(progress: Progress): void {
    const now = this.#now();
    if (progress.label !== this.#label || progress.done < this.#done) {
      this.#label = progress.label;
      this.#started = now;
    }
    this.#done = progress.done;
    if (now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    const line = render(progress, (now - this.#started) / 1000);
    this.#stream.write(`\r\u001b[2K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
    this.#visible = true;
  }

  /** Takes the line away, so that a message can be printed in its place; the next update draws it again. */
  clear(): void {
    if (this.#visible) this.#stream.write('\r\u001b[2K');
    this.#visible = false;
    this.#drawn = Number.NEGATIVE_INFINITY;
  }
}

function render(progress: Progress, seconds: number): string {
  return [summary(progress, seconds), progress.detail ?? []].flat().join('  ');
}

function summary({ label, done, total, share, unit }: Progress, seconds: number): string {
  const rate = seconds > 0 ? done / seconds : 0;
  const speed = rate > 0 ? `  ${rate >= 100 ? Math.round(rate).toLocaleString('en-US') : rate.toPrecision(3)}/s` : '';
  const count = done.toLocaleString('en-US');
  const known = total ? Math.min(1, done / total) : share;
  if (known === undefined) return `${label}  ${count} ${unit}${speed}`;
  const bar = '='.repeat(Math.round(known * BAR_WIDTH)).padEnd(BAR_WIDTH);
  const left = rate > 0 && known > 0 ? `  ${clock((seconds * (1 - known)) / known)} left` : '';
  const percent = `${Math.floor(known * 100)} %`.padStart(5);
  const of = total ? ` of ${total.toLocaleString('en-US')}` : '';
  return `${label} [${bar}]${percent}  ${count}${of} ${unit}${speed}${left}`;
}

/** Seconds as m:ss or h:mm:ss. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}
