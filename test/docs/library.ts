import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../src/native/loader.js';
import { abiLibrary } from '../helpers/abi-library.js';

/** Puts the package into the `node_modules` of a folder, as if it had been installed there with its binary for this platform. */
export function installInto(folder: string): void {
  const installed = join(folder, 'node_modules', 'pope-native');
  const prebuilt = join(installed, 'prebuilds', `${process.platform}-${process.arch}`);
  mkdirSync(prebuilt, { recursive: true });
  symlinkSync(abiLibrary, join(prebuilt, basename(abiLibrary)));
  for (const name of ['package.json', 'lib', 'native', 'python', 'conformance']) {
    symlinkSync(join(packageRoot, name), join(installed, name));
  }
}

/** Type errors of modules that import the package, JavaScript as strictly as TypeScript; each with its file. */
export function typeErrors(files: readonly string[]): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(packageRoot, 'node_modules/@types')],
  });
  return files
    .flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)!))
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}
