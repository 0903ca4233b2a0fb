import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../src/native/loader.js';
import { checkScript } from './command-lines.js';
import type { Fence } from './fences.js';
import { checkJson } from './json-claims.js';
import { findShown } from './shown.js';
import { TypedShell } from './typed-shell.js';

/** Does what the blocks of one page say, one after the other, in one folder and one shell. */
export class PageReader {
  readonly #folder: string;
  readonly #placed: (text: string) => string;
  readonly #shell: TypedShell;
  /** The modules that were run. */
  readonly modules: string[] = [];
  #printed = '';

  /** @param placed puts what exists here in the place of what a text names, such as a server */
  constructor(folder: string, placed: (text: string) => string) {
    this.#folder = folder;
    this.#placed = placed;
    this.#shell = new TypedShell(folder);
  }

  /** @throws Error with the place of the block, where something is wrong with it */
  async read(fence: Fence): Promise<void> {
    const place = `${fence.page}:${fence.line}`;
    const reader = this.#readers[fence.language];
    if (!reader)
      throw new Error(
        `${place}: expected a block of one of ${Object.keys(this.#readers).join(', ')}, got ${fence.language}`,
      );
    try {
      await reader(fence, place);
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Runs commands that the page does not show. */
  async type(script: string): Promise<void> {
    await this.#shell.type(script);
  }

  close(): void {
    this.#shell.close();
  }

  readonly #readers: Readonly<Record<string, (fence: Fence, place: string) => Promise<void> | void>> = {
    sh: async ({ text, attributes }) => {
      if (attributes['no-run']) await checkScript(text);
      else this.#printed = await this.#shell.type(this.#placed(text));
    },
    text: async ({ text, attributes }) => {
      if (attributes['no-run']) return;
      if (attributes.is === 'paths') return checkPaths(text);
      const printed = attributes.of ? await this.#shell.type(attributes.of) : this.#printed;
      findShown(printed, text, Number.parseFloat(attributes.within ?? '0') / 100);
    },
    csv: ({ text, attributes }) => this.#table(text, attributes.of, attributes.file),
    yaml: async ({ text }) => {
      for (const [command] of text.matchAll(/\bpope [^'"\n]*/g)) await checkScript(command);
    },
    js: (fence) => this.#program(fence, [process.execPath]),
    python: (fence) => this.#program(fence, pythonFor(fence.text)),
    c: ({ text, attributes }) => this.#write(text, attributes.file),
    json: ({ text, attributes }, place) => checkJson(text, attributes.is, place),
  };

  /** The beginning of a file of this repository, or a file that commands of the page read. */
  #table(text: string, of: string | undefined, file: string | undefined): void {
    if (of === undefined) this.#write(text, file);
    else if (!readFileSync(join(packageRoot, of), 'utf8').startsWith(text))
      throw new Error(`not the beginning of ${of}`);
  }

  /** Without a name the program runs at once; with one, commands of the page do it. */
  #program({ text, attributes, language, line }: Fence, [interpreter, ...options]: string[]): void {
    if (attributes.file) {
      this.#write(text, attributes.file);
      return;
    }
    const file = join(this.#folder, `block-${line}.${language === 'js' ? 'mjs' : 'py'}`);
    writeFileSync(file, text);
    if (language === 'js') this.modules.push(file);
    const { status, stdout, stderr } = spawnSync(interpreter!, [...options, file], {
      cwd: this.#folder,
      encoding: 'utf8',
    });
    if (status !== 0 || stderr !== '') throw new Error(`${basename(file)} failed: ${stderr}`);
    this.#printed = stdout;
  }

  #write(text: string, file: string | undefined): void {
    if (!file) throw new Error('expected file=".."');
    const path = join(this.#folder, file);
    if (existsSync(path)) throw new Error(`${file} is there already`);
    writeFileSync(path, text);
  }
}

/** Each line begins with paths of this repository, between commas; `<..>` stands for any name. */
function checkPaths(text: string): void {
  for (const line of text.trimEnd().split('\n')) {
    for (const path of line.split(/ {2,}/)[0]!.split(', ')) {
      if (!existsSync(join(packageRoot, path.replace(/\/<.*/, ''))))
        throw new Error(`${path} is not in the repository`);
    }
  }
}

/** An interpreter that has what the program imports. Without PyTorch its grammar is checked at least. */
function pythonFor(program: string): string[] {
  if (!program.includes('import torch')) return ['python3'];
  const find = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)';
  const able = ['python3', '/usr/bin/python3'].find((path) => spawnSync(path, ['-c', find]).status === 0);
  if (able) return [able];
  console.warn('No PyTorch here: the example for trainers is compiled and not run.');
  return ['python3', '-m', 'py_compile'];
}
