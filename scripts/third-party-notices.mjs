/**
 * Writes THIRD-PARTY-NOTICES.md: what a user gets with this package that others wrote, and under which licence.
 *
 *     node scripts/third-party-notices.mjs [FOLDER] [--check]
 *
 * package-lock.json says which packages come with `dependencies`, at any depth; their own package.json says the licence.
 * --check writes nothing and fails where the file is not current. Both fail on a licence that is not known to be permissive.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { check: { type: 'boolean' } }, allowPositionals: true });
const root = positionals[0] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, 'THIRD-PARTY-NOTICES.md');

/** SPDX names of licences that ask for no more than notices. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

const packages = runtimePackages();
const refused = packages.filter(({ licence }) => !permissive.has(licence));
if (refused.length > 0) {
  fail(
    `not known to be permissive: ${refused.map((each) => `${each.name} ${each.version} (${each.licence})`).join(', ')}`,
  );
}
if (!values.check) writeFileSync(file, notices());
else if (readFileSync(file, 'utf8') !== notices()) {
  fail('THIRD-PARTY-NOTICES.md is not current; `node scripts/third-party-notices.mjs` writes it');
}

/** Every package of the lockfile that is not for development alone, once per version, by name. */
function runtimePackages() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const paths = Object.keys(lock.packages).filter((path) => path !== '' && !lock.packages[path].dev);
  const byVersion = new Map(paths.map((path) => read(path)).map((each) => [`${each.name} ${each.version}`, each]));
  return [...byVersion].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

function read(path) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
  return { name, version, licence: typeof license === 'string' ? license : 'no SPDX name in its package.json' };
}

function notices() {
  const addonApi = 'node_modules/node-addon-api';
  return `# Third-party notices

POPE itself is under Apache-2.0 (LICENSE). \`node scripts/third-party-notices.mjs\` writes this file.

## Packages that npm installs with it

They are not in the package; npm fetches them, each with the text of its licence in its folder.

| package | version | licence |
| --- | --- | --- |
${packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`).join('\n')}

## Compiled into the binaries

- The standard library of C++ (libstdc++), in the binaries for Linux: GPL-3.0 with the GCC Runtime Library Exception 3.1, which lets
  programs that were compiled with GCC carry it under any licence.
- The CUDA runtime (cudart, static), in the binaries for GPUs alone: redistributable under NVIDIA's CUDA Toolkit EULA.
- The headers of node-addon-api ${read(addonApi).version}, in the addon:

${readFileSync(join(root, addonApi, 'LICENSE.md'), 'utf8')
  .trim()
  .replace(/^(?=.)/gm, '> ')
  .replace(/^$/gm, '>')}
`;
}

function fail(reason) {
  console.error(`third-party notices: ${reason}`);
  process.exit(1);
}
