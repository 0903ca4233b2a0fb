import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeError, describeValue, UsageError } from '../errors.js';
import { parseForeignJson } from '../files/json.js';
import { readWholeText } from '../files/text.js';
import type { Flag, RawSetting } from './flags.js';

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a command's flags, typed by how each flag parses. */
export type Settings<F extends Flags> = { [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** What a config file may hold: settings by camel-case flag name, and one object per command for that command alone. */
export type Config = Readonly<Record<string, unknown>>;

export interface SettingSources {
  command: string;
  /** What was typed, by camel-case flag name. */
  typed: Readonly<Record<string, unknown>>;
  environment: Readonly<Record<string, string | undefined>>;
  config: Config;
}

/** Merges flag > environment (`POPE_BATCH_TOKENS`) > config file > default, and parses each by its flag. */
export function resolveSettings<F extends Flags>(flags: F, sources: SettingSources): Settings<F> {
  const section = sources.config[sources.command];
  const file: Config = { ...sources.config, ...(isObject(section) ? section : {}) };
  const settings: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const variable = environmentName(name);
    const typed = sources.typed[name];
    const candidates: [unknown, string][] = [
      [typed, longName(flag.syntax)],
      [sources.environment[variable], variable],
      [file[name], `"${name}" in the config file`],
    ];
    const found = candidates.find(([value]) => value !== undefined);
    if (found === undefined) {
      if (flag.required) throw new UsageError('MISSING_OPTION', `pope ${sources.command} needs ${flag.syntax}`);
      settings[name] = flag.fallback;
      continue;
    }
    const [value, origin] = found;
    try {
      settings[name] = flag.parse(rawSetting(value));
    } catch (error) {
      if (error instanceof UsageError) throw new UsageError(error.code, `${origin}: ${error.message}`);
      throw error;
    }
  }
  return settings as Settings<F>;
}

/** Reads a config file: JSON, or an ES module whose default export is the object. */
export async function readConfig(path: string): Promise<Config> {
  let value: unknown;
  try {
    if (['.mjs', '.js'].includes(extname(path))) {
      const module: { default?: unknown } = await import(pathToFileURL(resolve(path)).href);
      value = module.default;
    } else {
      value = parseForeignJson(await readWholeText(path));
    }
  } catch (error) {
    throw new UsageError('CONFIG_UNREADABLE', `cannot read the config file ${path}: ${describeError(error)}`, {
      cause: error,
    });
  }
  if (!isObject(value)) {
    throw new UsageError('CONFIG_UNREADABLE', `${path}: expected an object of settings, got ${describeValue(value)}`);
  }
  return value;
}

/** Refuses settings that no command knows: a misspelt name in a file would otherwise change nothing, silently. */
export function checkConfig(config: Config, commands: ReadonlyMap<string, Flags>): void {
  const everywhere = new Set([...commands.values()].flatMap((flags) => Object.keys(flags)));
  for (const [name, value] of Object.entries(config)) {
    const own = commands.get(name);
    if (own !== undefined && isObject(value)) {
      for (const inner of Object.keys(value)) if (!(inner in own)) throw unknownSetting(`${name}.${inner}`);
    } else if (!everywhere.has(name)) {
      throw unknownSetting(name);
    }
  }
}

/** `--batch-tokens <n>` -> `--batch-tokens`. */
export function longName(syntax: string): string {
  return /--[a-z-]+/.exec(syntax)?.[0] ?? syntax;
}

/** batchTokens -> POPE_BATCH_TOKENS */
export function environmentName(name: string): string {
  return `POPE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function unknownSetting(name: string): UsageError {
  return new UsageError('CONFIG_UNKNOWN', `the config file sets "${name}", which no command knows`);
}

function rawSetting(value: unknown): RawSetting {
  if (typeof value === 'boolean') return value;
  return Array.isArray(value) ? value.map(String) : String(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
