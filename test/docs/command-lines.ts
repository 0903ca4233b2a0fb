import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFlags, COMMANDS } from '../../src/cli/commands.js';
import { buildProgram } from '../../src/cli/program.js';
import { longName, resolveSettings } from '../../src/cli/settings.js';
import { packageRoot } from '../../src/native/loader.js';

const { scripts } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
const commandFlags = await allFlags();

/**
 * Checks the commands of a script that is not run: what follows `pope` against the program's own commands, flags and values,
 * `npm run` against package.json, and files of this repository that Node, Python or vitest are given.
 *
 * @throws Error with the line
 */
export async function checkScript(script: string): Promise<void> {
  for (const line of script.replaceAll('\\\n', '').split('\n')) {
    const words = wordsOf(line);
    while (/^(\w+=|npx$)/.test(words[0] ?? '')) words.shift();
    try {
      await checkCommand(words);
    } catch (error) {
      throw new Error(`${line}\n${(error as Error).message}`, { cause: error });
    }
  }
}

async function checkCommand([program, ...words]: string[]): Promise<void> {
  if (program === 'pope') await checkPope(words);
  else if (program === 'npm') checkNpm(words);
  else if (program === 'node' || program === 'python3' || program === 'vitest') {
    const path = words.find((word) => word.includes('/'));
    const own = path?.replace('node_modules/pope-native/', '');
    if (own !== undefined && !existsSync(join(packageRoot, own))) throw new Error(`${own} is not in the repository`);
  }
}

/** Parses without running. @throws CommanderError or UsageError */
async function checkPope(argv: string[]): Promise<void> {
  const missing = argv.find((word) => word.startsWith('docs/') && !existsSync(join(packageRoot, word)));
  if (missing !== undefined) throw new Error(`${missing} is not in the repository`);
  const silent = { write: () => {} };
  const signal = new AbortController().signal;
  const program = await buildProgram(argv, { stdout: silent, stderr: silent, environment: {}, signal });
  for (const command of program.commands) {
    command.action(() => {
      const typed = command.opts();
      const flags = commandFlags.get(command.name())!;
      // What a flag requires may be in the file.
      const given = Object.fromEntries(Object.entries(flags).filter(([name]) => name in typed));
      const sources = { command: command.name(), typed, environment: {}, config: {} };
      resolveSettings(typed.config === undefined ? flags : given, sources);
    });
  }
  program.parse(argv, { from: 'user' });
}

function checkNpm([command, ...words]: string[]): void {
  if (command !== 'run' || words.includes('--prefix')) return;
  if (!(words[0]! in scripts)) throw new Error(`package.json has no script ${words[0]}`);
}

/** The words of a line of shell, without its comment, variables as 1: enough of its grammar for what the pages hold. */
function wordsOf(line: string): string[] {
  const words = line
    .replaceAll(/\$(\(\(.*?\)\)|\w+)/g, '1')
    .matchAll(/(?:^|\s)(#.*$|(?:"[^"]*"|'[^']*'|[^\s"'#])(?:"[^"]*"|'[^']*'|[^\s"'])*)/g);
  return Array.from(words, ([, word]) => word!.replaceAll(/["']/g, '')).filter((word) => !word.startsWith('#'));
}

const longNames = (flags: object) => Object.values(flags).map(({ syntax }) => longName(syntax));
const FLAGS = new Set([...commandFlags.values()].flatMap(longNames));
/** Of this program as a whole, of Node and of npm. */
const OTHER_FLAGS = new Set(['--help', '--version', '--experimental-require-module', '--provenance']);

/**
 * Checks what a page says in running text: commands that begin with `pope` by name and flags, and flags that stand alone.
 *
 * @returns what is wrong
 */
export function wrongSpans(text: string): string[] {
  const spans = text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`\n]+)`/g);
  return Array.from(spans, ([, span]) => span!).filter((span) => !isRight(span));
}

function isRight(span: string): boolean {
  const [outer, inner] = span.split(' -- ');
  if (inner !== undefined && outer!.startsWith('pope ')) return isRight(outer!) && isRight(`pope ${inner}`);
  const words = span.split(' ');
  if (words[0] === 'npm' && words[1] === 'run') return words.includes('--prefix') || words[2]! in scripts;
  const named = words[0] === 'pope' ? COMMANDS.find(({ name }) => name === words[1]) : undefined;
  if (words[0] === 'pope' && words.length > 1 && /^[a-z]/.test(words[1]!) && named === undefined) return false;
  if (words[0] !== 'pope' && !span.startsWith('--')) return true;
  const known = named ? new Set(longNames(commandFlags.get(named.name)!)) : FLAGS;
  const flags = span.match(/(?<=^|[\s[])--[a-z][a-z-]*/g) ?? [];
  return flags.every((flag) => known.has(flag) || OTHER_FLAGS.has(flag));
}
