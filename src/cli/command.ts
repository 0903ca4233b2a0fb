import { Command, type CommanderError, Option } from 'commander';
import type { ShardedWork } from '../shards/sharded-work.js';
import { allFlags } from './commands.js';
import { defaulted, type Flag, onOff, optional, text, wholeNumber } from './flags.js';
import { type Config, checkConfig, type Flags, readConfig, resolveSettings, type Settings } from './settings.js';
import { pairs } from './table.js';
import { Terminal, type TerminalOptions } from './terminal.js';

/** Flags that every command has. */
const COMMON_FLAGS = {
  seed: defaulted('--seed <n>', 'seed of everything that is random', wholeNumber, 0),
  config: optional('--config <file>', 'settings from a JSON file or an ES module', text),
  quiet: onOff('--quiet', 'no progress and no remarks on standard error'),
};

/** What a command gets besides its arguments and settings. */
export interface Context {
  readonly terminal: Terminal;
  /** Aborted by SIGINT, SIGTERM and SIGHUP; its reason is an `InterruptedError`. */
  readonly signal: AbortSignal;
  /**
   * Names of the flags that were typed. Only these can be refused for not belonging here: a config file and the environment
   * serve many commands.
   */
  readonly typed: ReadonlySet<string>;
}

export interface CommandDefinition<F extends Flags> {
  /** Positional arguments in commander's syntax, each with its description. */
  arguments: readonly (readonly [syntax: string, description: string])[];
  /** Complete command lines; help begins with them. */
  examples: readonly string[];
  flags: F;
  /** Words and what they mean, as help ends with them. */
  notes?: readonly (readonly [string, string])[];
  /** Whether the file of --config is read by the command itself, and holds no settings of flags. */
  readsConfig?(values: readonly string[]): boolean;
  run(
    values: readonly string[],
    settings: Settings<F> & Settings<typeof COMMON_FLAGS>,
    context: Context,
  ): Promise<void>;
  /** The same work in shards, for a worker that does one after the other. */
  openWork?(
    values: readonly string[],
    settings: Settings<F> & Settings<typeof COMMON_FLAGS>,
    context: Context,
  ): Promise<OpenWork>;
}

/** Sharded work with what it holds open: a model, above all. */
export interface OpenWork extends ShardedWork {
  close(): void;
  /** Makes the result of all lines, where they are not it. */
  conclude?(lines: AsyncIterable<object>): Promise<void>;
}

/** A command ready to be mounted: what the program needs to know, with the types of its flags closed over. */
export interface MountedCommand {
  readonly flags: Flags;
  mount(command: Command, environment: CommandEnvironment): void;
  /** What the command line (without the command's name) would do, in shards; null for commands that do nothing of the kind. */
  readonly openWork: ((name: string, argv: readonly string[], context: Context) => Promise<OpenWork>) | null;
}

export interface CommandEnvironment extends Omit<TerminalOptions, 'quiet'> {
  signal: AbortSignal;
}

export function defineCommand<F extends Flags>(definition: CommandDefinition<F>): MountedCommand {
  const flags: F & typeof COMMON_FLAGS = { ...definition.flags, ...COMMON_FLAGS };
  const addTo = (command: Command): void => {
    command.addHelpText('before', exampleText(definition.examples));
    if (definition.notes) command.addHelpText('after', `\n${pairs(definition.notes)}`);
    for (const [syntax, description] of definition.arguments) command.argument(syntax, description);
    for (const flag of Object.values(flags)) command.addOption(option(flag));
  };
  const read = async (command: Command, environment: TerminalOptions['environment']) => {
    const sources = { command: command.name(), typed: command.opts(), environment };
    const { config: path } = resolveSettings(COMMON_FLAGS, { ...sources, config: {} });
    const values = command.processedArgs.flat();
    const isOwn = definition.readsConfig?.(values) ?? false;
    const config = path === undefined || isOwn ? {} : await checkedConfig(path);
    const common = resolveSettings(COMMON_FLAGS, { ...sources, config });
    const settings = { ...resolveSettings(definition.flags, { ...sources, config }), ...common };
    return { values, settings, typed: new Set(Object.keys(sources.typed)) };
  };
  const mount = (command: Command, environment: CommandEnvironment): void => {
    addTo(command);
    command.action(async () => {
      const { values, settings, typed } = await read(command, environment.environment);
      const terminal = new Terminal({ ...environment, quiet: settings.quiet });
      try {
        await definition.run(values, settings, { terminal, signal: environment.signal, typed });
      } finally {
        terminal.clearProgress();
      }
    });
  };
  const open = definition.openWork?.bind(definition);
  const openWork: MountedCommand['openWork'] = async (name, argv, context) => {
    const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {}, outputError: () => {} });
    addTo(command);
    command.parse(argv, { from: 'user' });
    const { values, settings, typed } = await read(command, process.env);
    return open!(values, settings, { ...context, typed });
  };
  return { flags, mount, openWork: open === undefined ? null : openWork };
}

async function checkedConfig(path: string): Promise<Config> {
  const config = await readConfig(path);
  checkConfig(config, await allFlags());
  return config;
}

/** The block that stands above everything else in help. */
export function exampleText(examples: readonly string[]): string {
  return `Example${examples.length > 1 ? 's' : ''}:\n${examples.map((line) => `  ${line}\n`).join('')}`;
}

/** True for the "errors" by which commander ends after printing help or the version. */
export function isHelp(error: CommanderError): boolean {
  return error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
}

function option(flag: Flag<unknown>): Option {
  const made = new Option(flag.syntax, describe(flag));
  if (flag.repeats) made.argParser((value, earlier: string[] | undefined) => [...(earlier ?? []), value]);
  return made;
}

function describe(flag: Flag<unknown>): string {
  if (flag.required) return `${flag.description} (required)`;
  const { fallback } = flag;
  const silent = fallback === undefined || fallback === false || (Array.isArray(fallback) && fallback.length === 0);
  return silent ? flag.description : `${flag.description} (default: ${String(fallback)})`;
}
