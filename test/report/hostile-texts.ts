/** @file Results whose every text is somebody's attempt at a page that does something. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRun } from '../../src/report/index.js';

/** Each tries to set the title to `taken`, to load something, or to get out of where it stands. */
const PAYLOADS = [
  '</script><script>document.title="taken"</script>',
  '<img src="http://attacker.invalid/x" onerror="document.title=\'taken\'">',
  '"><svg onload=document.title="taken">',
  "' onmouseover='document.title=1' x='",
  '</style><style>@import "http://attacker.invalid/x.css";</style>',
  '<a href="javascript:document.title=1">x</a>',
  '&lt;script&gt;document.title="taken"&lt;/script&gt;',
  '&#60;img src=x onerror=document.title=1&#62;',
  ']]><script>document.title="taken"</script><!--',
  '</text></svg><script>document.title="taken"</script>',
  '</title><meta http-equiv="refresh" content="0;url=http://attacker.invalid/">',
  "'];alert(1);datum['x.y[0]",
  '<base href="http://attacker.invalid/"><form action="//attacker.invalid"><input autofocus onfocus=document.title=1>',
  '\u2028<iframe srcdoc="<script>parent.document.title=1</script>">\u202e',
  '<math><mtext><style><img src onerror=document.title=1></style></mtext></math>',
] as const;

/**
 * Puts one of the payloads in the place of every text and key of the results of a folder, wherever the reader of results takes it;
 * where it does not, the old text stays.
 *
 * @returns how many places took one
 */
export async function poisonRuns(runs: readonly string[]): Promise<number> {
  let taken = 0;
  for (const argument of runs) {
    const path = argument.slice(argument.indexOf('=') + 1);
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => /^(table|config|result|environment)\.json$/.test(name))
          .map((name) => join(path, name))
      : [path];
    for (const file of files) {
      if (!/\.jsonl?$/.test(file)) continue;
      taken += await poisonFile(file, argument);
    }
  }
  return taken;
}

async function poisonFile(file: string, argument: string): Promise<number> {
  const original = readFileSync(file, 'utf8');
  const parse = (text: string): unknown[] =>
    file.endsWith('l')
      ? text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [JSON.parse(text)];
  const documents = parse(original);
  const write = () =>
    writeFileSync(file, documents.map((each) => JSON.stringify(each)).join('\n') + (file.endsWith('l') ? '\n' : ''));
  const isTaken = async () => {
    write();
    return readRun(argument).then(
      () => true,
      () => false,
    );
  };
  let taken = 0;
  // All texts of one name together: a log has too many to be tried one by one.
  for (const name of textNames(documents)) {
    const undo = replaceTexts(documents, name, PAYLOADS[taken % PAYLOADS.length]!);
    if (await isTaken()) taken++;
    else undo();
  }
  write();
  return taken;
}

/** Names of fields that hold texts. */
function textNames(value: unknown, names = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return names;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'string') names.add(Array.isArray(value) ? '' : name);
    textNames(inner, names);
  }
  return names;
}

/** Puts `payload` before every text of that name; the returned function takes it out again. */
function replaceTexts(value: unknown, name: string, payload: string): () => void {
  const undo: (() => void)[] = [];
  const walk = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    const holder = value as Record<string, unknown>;
    for (const [key, inner] of Object.entries(holder)) {
      if (typeof inner === 'string' && (Array.isArray(value) ? '' : key) === name) {
        holder[key] = payload + inner;
        undo.push(() => {
          holder[key] = inner;
        });
      } else walk(inner);
    }
  };
  walk(value);
  return () => {
    for (const each of undo) each();
  };
}
