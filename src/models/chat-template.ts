import type { Message } from '../data/slate.js';
import { DataError, describeError } from '../errors.js';
import { parseTemplate, renderTemplate } from './bounded-template.js';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** The strftime fields that say something of a date, in UTC and English; `%-d` leaves out the zero before. */
function strftime(date: Date, format: string): string {
  const padded = (n: number, width = 2) => String(n).padStart(width, '0');
  const [year, hour] = [date.getUTCFullYear(), date.getUTCHours()];
  const [month, day] = [MONTHS[date.getUTCMonth()]!, DAYS[date.getUTCDay()]!];
  const dayOfYear = (Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0, 0)) / 86_400_000;
  const fields: Record<string, string> = {
    Y: String(year),
    y: padded(year % 100),
    m: padded(date.getUTCMonth() + 1),
    d: padded(date.getUTCDate()),
    j: padded(dayOfYear, 3),
    b: month.slice(0, 3),
    B: month,
    a: day.slice(0, 3),
    A: day,
    H: padded(hour),
    I: padded(hour % 12 || 12),
    M: padded(date.getUTCMinutes()),
    S: padded(date.getUTCSeconds()),
    p: hour < 12 ? 'AM' : 'PM',
    '%': '%',
  };
  return format.replace(/%(-?)(.)/g, (whole, short: string, field: string) => {
    const text = fields[field];
    return text === undefined ? whole : short ? text.replace(/^0+(?=\d)/, '') : text;
  });
}

/** A Jinja chat template with the names that published templates expect. */
export class ChatTemplate {
  private readonly program: ReturnType<typeof parseTemplate>;

  /**
   * @param source Jinja source
   * @param place where it came from, for messages
   * @param specialTokens `bos_token`, `eos_token` and others, as the template may write them
   * @param date what `strftime_now` calls now
   * @throws DataError `CHAT_TEMPLATE` when the source does not parse
   */
  constructor(
    readonly source: string,
    private readonly place: string,
    private readonly specialTokens: Readonly<Record<string, string>>,
    private readonly date: Date,
  ) {
    // The library's own strftime_now reads the clock, which would change prompts overnight, and cannot be replaced: rename it.
    this.program = this.guarded(() => parseTemplate(source.replaceAll('strftime_now', 'strftime_given')));
  }

  /** Whether the rendered text depends on the date. */
  get usesDate(): boolean {
    return this.source.includes('strftime_now');
  }

  /**
   * The text of a chat. `addGenerationPrompt` ends it with the opening of an assistant's turn.
   *
   * @throws DataError `CHAT_TEMPLATE` when the template refuses the messages, fails, or takes more time or memory than a chat
   *   needs (bounded-template.ts)
   */
  render(messages: readonly Message[], addGenerationPrompt: boolean): string {
    return this.guarded(() =>
      renderTemplate(this.program, {
        ...this.specialTokens,
        messages,
        add_generation_prompt: addGenerationPrompt,
        tools: null,
        documents: null,
        strftime_given: (format: string) => strftime(this.date, format),
      }),
    );
  }

  /** What the template writes after the content of an assistant's message. */
  afterAssistant(system: string | undefined): string {
    const marker = 'the assistant said this';
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: 'question' },
      { role: 'assistant', content: marker },
    ];
    const text = this.render(messages, false);
    const at = text.lastIndexOf(marker);
    if (at < 0) throw new DataError('CHAT_TEMPLATE', `${this.place}: leaves out the content of an assistant's message`);
    return text.slice(at + marker.length);
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new DataError('CHAT_TEMPLATE', `${this.place}: ${describeError(error)}`, { cause: error });
    }
  }
}
