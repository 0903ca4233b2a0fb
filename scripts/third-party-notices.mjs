/**
 * Writes THIRD-PARTY-NOTICES.md: what a user gets with this package that others wrote, and under which licence.
 *
 *     node scripts/third-party-notices.mjs [FOLDER] [--check]
 *
 * package-lock.json says which packages come with `dependencies`, at any depth, lib/.libraries.json (scripts/bundle.mjs) which are in
 * this one; their own package.json says the licence. --check writes nothing and fails where the file is not current. Both fail on
 * a licence that is not known to be permissive.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const root = positionals[0] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'THIRD-PARTY-NOTICES.md');

/** SPDX names of licences that ask for no more than notices. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
const installed = byName(Object.keys(lock).filter((path) => path !== '' && !lock[path].dev));
const bundled = byName(withDependencies(bundledLibraries()));
const refused = [...installed, ...bundled].filter(({ licence }) => !permissive.has(licence));
if (refused.length > 0) {
  fail(
    `not known to be permissive: ${refused.map((each) => `${each.name} ${each.version} (${each.licence})`).join(', ')}`,
  );
}
if (!values.check) writeFileSync(file, notices());
else if (readFileSync(file, 'utf8') !== notices()) {
  fail('THIRD-PARTY-NOTICES.md is not current; `node scripts/third-party-notices.mjs` writes it');
}

function bundledLibraries() {
  const list = join(root, 'lib/.libraries.json');
  if (!existsSync(list)) fail('there is no lib/.libraries.json; `npm run build` makes it');
  return JSON.parse(readFileSync(list, 'utf8'));
}

/** Some libraries were made of others before the bundler saw them. */
function withDependencies(paths) {
  const all = new Set(paths);
  for (const path of all) {
    for (const name of Object.keys(lock[path].dependencies ?? {})) all.add(resolved(path, name));
  }
  return all;
}

/** Where Node finds what a package depends on: in its own folder, or in the nearest one above. */
function resolved(path, name) {
  const nested = join(path, 'node_modules', name);
  if (lock[nested] || path === '') return nested;
  return resolved(path.slice(0, Math.max(0, path.lastIndexOf('node_modules') - 1)), name);
}

/** Each version of each package once, by name. */
function byName(paths) {
  const byVersion = new Map([...paths].map(read).map((each) => [`${each.name} ${each.version}`, each]));
  return [...byVersion].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

function read(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  return { path, name, version, licence: typeof license === 'string' ? license : 'no SPDX name in its package.json' };
}

/** Names of packages by the text of their licence: many have the same. */
function byText(packages) {
  const texts = new Map();
  for (const { path, name, licence } of packages) {
    const folder = join(root, path);
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file ? quoted(readFileSync(join(folder, file), 'utf8')) : `${licence}; the package has no text of it.`;
    texts.set(text, [...(texts.get(text) ?? []), name]);
  }
  return [...texts];
}

function quoted(text) {
  const lines = text.replaceAll('\r', '').trim().split('\n');
  return lines.map((line) => `> ${line}`.trimEnd()).join('\n');
}

function table(packages) {
  const rows = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`);
  return ['| package | version | licence |', '| --- | --- | --- |', ...rows].join('\n');
}

function notices() {
  const addonApi = 'node_modules/node-addon-api';
  return `# Third-party notices

POPE itself is under Apache-2.0 (LICENSE). \`node scripts/third-party-notices.mjs\` writes this file.

## Packages that npm installs with it

They are not in the package; npm fetches them, each with the text of its licence in its folder.

${table(installed)}

## Compiled into the binaries

- The standard library of C++ (libstdc++), in the binaries for Linux: GPL-3.0 with the GCC Runtime Library Exception 3.1, which lets
  programs that were compiled with GCC carry it under any licence.
- The CUDA runtime (cudart, static), in the binaries for GPUs alone: redistributable under NVIDIA's CUDA Toolkit EULA.
- The headers of node-addon-api ${read(addonApi).version}, in the addon:

${quoted(readFileSync(join(root, addonApi, 'LICENSE.md'), 'utf8'))}
${bundled.length > 0 ? bundledNotices() : ''}`;
}

function bundledNotices() {
  const texts = byText(bundled).map(([text, names]) => `### ${[...new Set(names)].join(', ')}\n\n${text}\n`);
  return `
## Bundled into its code

In \`lib\`, in the parts that are used; with what these packages depend on, whether or not it is used.

${table(bundled)}

${texts.join('\n')}`;
}

function fail(reason) {
  console.error(`third-party notices: ${reason}`);
  process.exit(1);
}
