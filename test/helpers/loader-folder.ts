import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { packageRoot } from '../../src/native/loader.js';

const modules = ['loader', 'cuda', 'doctor'];

/** A package folder of its own with nothing but src/native's loader, so that every candidate can be arranged. */
export class LoaderFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'pope-loader-'));

  constructor() {
    this.place('package.json', '{"type":"module","name":"pope-native","version":"9.9.9"}');
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    for (const name of ['errors', ...modules.map((module) => `native/${module}`)]) {
      const source = ts.sys.readFile(join(packageRoot, 'src', `${name}.ts`))!;
      this.place(`dist/${name}.js`, ts.transpileModule(source, { compilerOptions: options }).outputText);
    }
  }

  place(path: string, content: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), content);
  }

  copy(from: string, path: string): void {
    this.place(path, '');
    copyFileSync(from, join(this.path, path));
  }

  remove(path: string): void {
    rmSync(join(this.path, path), { recursive: true });
  }

  dispose(): void {
    rmSync(this.path, { recursive: true });
  }

  /**
   * Runs an expression of the modules `loader`, `cuda` and `doctor` in a process of its own and returns its value; a
   * PopeError comes back as its fields.
   */
  evaluate(expression: string, environment: Record<string, string> = {}) {
    const imports = modules.map((name) => {
      const url = pathToFileURL(join(this.path, 'dist/native', `${name}.js`)).href;
      return `const ${name} = await import(${JSON.stringify(url)});`;
    });
    const program = `
      ${imports.join('\n')}
      let value;
      try { value = ${expression}; }
      catch ({ name, code, exitCode, message }) { value = { name, code, exitCode, message }; }
      console.log(JSON.stringify(value));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, POPE_NATIVE_PATH: '', ...environment },
    });
    if (!stdout) throw new Error(stderr);
    return JSON.parse(stdout);
  }
}
