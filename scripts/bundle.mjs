/**
 * Makes lib, the code of the npm package, from what the compiler wrote: the same modules in a third of the files, because npm writes
 * each of them up to three times. Libraries that package.json names for development alone are put into it; `dependencies` and
 * peers stay outside. The declarations of `exports`, and those that they mention, lie beside.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
const { bin, exports, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
// Vega looks for a canvas, and does without.
const outside = [...Object.keys(dependencies), ...Object.keys(peerDependencies), 'canvas'];

const chunks = await bundle();
copyDeclarations();
const libraries = chunks.flatMap(({ moduleIds }) =>
  moduleIds.flatMap((path) => /.*\/(node_modules\/.*)/.exec(path)?.[1] ?? []),
);
writeFileSync('lib/.libraries.json', JSON.stringify([...new Set(libraries.map(packageOf))].sort()));

async function bundle() {
  const paths = [bin.pope, ...Object.values(exports).map((entry) => entry.default)];
  const modules = paths.flatMap((path) => /^\.\/lib\/(.*)\.js$/.exec(path)?.[1] ?? []);
  // What conformance/run.mjs needs.
  modules.push('native/loader', 'native/cuda');
  const build = await rolldown({
    input: Object.fromEntries(modules.map((name) => [name, `dist/${name}.js`])),
    platform: 'node',
    external: (name) => outside.some((library) => name === library || name.startsWith(`${library}/`)),
  });
  const { output } = await build.write({
    dir: 'lib',
    cleanDir: true,
    chunkFileNames: 'chunks/[name].js',
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  for (const { fileName, code } of output) {
    const isAsDeep = fileName.split('/').length === 2;
    if (code.includes('import.meta') && !isAsDeep)
      throw new Error(`lib/${fileName}: its way to package.json is another`);
  }
  return output;
}

function copyDeclarations() {
  const paths = new Set(Object.values(exports).flatMap(({ types }) => (types ? [join(types)] : [])));
  for (const path of paths) {
    const source = path.replace(/^lib\//, 'dist/');
    for (const [, name] of readFileSync(source, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]*)\.js['"]/g)) {
      paths.add(`${join(dirname(path), name)}.d.ts`);
    }
    mkdirSync(dirname(path), { recursive: true });
    if (source !== path) copyFileSync(source, path);
  }
}

/** The folder of the package that has a module. */
function packageOf(path) {
  return /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)[0];
}
