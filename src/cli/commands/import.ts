import { ADAPTERS, findAdapter } from '../../data/adapters/index.js';
import { importLog } from '../../data/import.js';
import type { ImportReport, Tally } from '../../data/import-run.js';
import { defineCommand } from '../command.js';
import { type Flag, oneOf, onOff, optional, outputFile, positiveInteger, repeated, required, text } from '../flags.js';
import { readable } from '../table.js';

const FLAGS = {
  output: required('-o, --output <file>', 'log to write: .jsonl, .jsonl.gz or .parquet', outputFile),
  minSlate: optional('--min-slate <n>', "smallest slate that is kept (default: the adapter's)", positiveInteger),
  maxSlate: optional('--max-slate <n>', 'larger slates are cut to so many responses', positiveInteger),
  cut: optional(
    '--cut <which>',
    'what a cut keeps: a sample blind to the signal (default), or the top',
    oneOf('sample', 'top'),
  ),
  duplicates: optional(
    '--duplicates <what>',
    'responses whose text the slate has already: drop (default) or keep',
    oneOf('drop', 'keep'),
  ),
  deleted: optional('--deleted <what>', 'responses that were deleted: drop (default) or keep', oneOf('drop', 'keep')),
  prompts: optional('--prompts <file>', 'texts of queries: JSON {id: text}, or CSV with id and text', text),
  promptTemplate: optional('--prompt-template <text>', 'text of queries that have none; {id} is the id', text),
  json: onOff('--json', 'print the counts as one JSON object'),
};

/** Options of single adapters, as flags that say whose they are. */
const ADAPTER_FLAGS: Record<string, Flag<string[]>> = {};
for (const { name: adapter, options } of ADAPTERS) {
  for (const option of options) {
    const other = ADAPTER_FLAGS[settingName(option.name)];
    const description = `${adapter}: ${option.description}`;
    ADAPTER_FLAGS[settingName(option.name)] = repeated(
      `--${option.name} <${option.argument}>`,
      other === undefined ? description : `${other.description}; ${description}`,
      text,
    );
  }
}

export const importCommand = defineCommand({
  examples: [
    'pope import stackexchange Posts.xml -o log.jsonl --max-slate 8',
    'pope import generic votes.csv --map query=thread --map text=comment --map signal=likes -o log.jsonl',
  ],
  arguments: [
    ['<adapter>', ADAPTERS.map(({ name, files }) => `${name} (${files})`).join('; ')],
    ['<files...>', 'raw files (also .gz), or - for standard input'],
  ],
  flags: { ...FLAGS, ...ADAPTER_FLAGS } as typeof FLAGS,
  async run([name, ...files], settings, { terminal, signal }) {
    const adapter = findAdapter(name!);
    const report = await importLog(adapter, files, {
      output: settings.output,
      minSlate: settings.minSlate,
      maxSlate: settings.maxSlate,
      cut: settings.cut,
      duplicates: settings.duplicates,
      deleted: settings.deleted,
      prompts: settings.prompts,
      promptTemplate: settings.promptTemplate,
      adapterOptions: adapterOptions(settings as Readonly<Record<string, unknown>>),
      signal,
      onProgress: ({ rows, queries }) =>
        queries === 0
          ? terminal.progress({ label: 'reading', done: rows, total: undefined, unit: 'rows' })
          : terminal.progress({ label: 'importing', done: queries, total: undefined, unit: 'queries' }),
    });
    if (settings.json) await terminal.writeJson(report);
    for (const line of summary(report)) terminal.say(line);
  },
});

function adapterOptions(settings: Readonly<Record<string, unknown>>): Record<string, string[]> {
  const names = new Set(ADAPTERS.flatMap(({ options }) => options.map(({ name }) => name)));
  const given = [...names].map((name) => [name, settings[settingName(name)] as string[]] as const);
  return Object.fromEntries(given.filter(([, values]) => values.length > 0));
}

function summary({ output, queries, responses, warnings }: ImportReport): string[] {
  const line = (name: string, { read, kept, dropped }: Tally): string => {
    const reasons = Object.entries(dropped).map(([reason, count]) => `${readable(count)} ${reason}`);
    return `${name}: ${readable(read)} read, ${readable(kept)} kept${reasons.length > 0 ? `; dropped: ${reasons.join(', ')}` : ''}`;
  };
  return [
    line('queries', queries),
    line('responses', responses),
    ...warnings.map(({ code, message }) => `warning: ${code}: ${message}`),
    `log: ${output}`,
  ];
}

/** min-votes -> minVotes, as commander names it. */
function settingName(option: string): string {
  return option.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
