import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/native/loader.js';

export interface PackedFiles {
  filename: string;
  size: number;
  unpackedSize: number;
  files: { path: string; size: number }[];
}

interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The npm package as a stranger gets it: packed, and installed in a folder of its own, where nothing can compile. */
export class InstalledPackage {
  readonly folder = mkdtempSync(join(tmpdir(), 'pope-package-'));
  readonly packed: PackedFiles;
  private readonly path: string;

  constructor() {
    this.must(this.run([process.execPath, 'scripts/prebuild.mjs', '--cpu'], packageRoot));
    const pack = ['npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', this.folder];
    // npm 11 and before: a list; later: by name.
    this.packed = Object.values(JSON.parse(this.must(this.run(pack, packageRoot)).stdout))[0] as PackedFiles;
    this.path = this.toolsWithoutCompiler();
    this.install(join(this.folder, this.packed.filename));
  }

  /** Runs a command in the folder, with nothing on the PATH but Node, npm, npx and a shell. */
  command(...command: string[]): Finished {
    return this.run(command, this.folder, { PATH: this.path });
  }

  place(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  private toolsWithoutCompiler(): string {
    const tools = join(this.folder, 'tools');
    mkdirSync(tools);
    for (const name of ['node', 'npm', 'npx', 'sh']) {
      const found = (process.env.PATH ?? '').split(':').find((folder) => exists(folder, name));
      if (found) symlinkSync(join(found, name), join(tools, name));
    }
    return tools;
  }

  private install(tarball: string): void {
    this.place('package.json', '{"private":true}');
    const offline = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    const { status, stderr } = this.command('npm', 'install', ...offline, '--fetch-retries=0', tarball);
    if (status === 0) return;
    if (!/ENOTCACHED|ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|network/.test(stderr)) throw new Error(stderr);
    console.warn('No registry: the package is unpacked beside links to the dependencies of this clone.');
    this.unpack(tarball);
  }

  /** What npm does with the tarball itself, where it cannot have the dependencies. */
  private unpack(tarball: string): void {
    const modules = join(this.folder, 'node_modules');
    const destination = join(modules, 'pope-native');
    mkdirSync(destination, { recursive: true });
    this.must(this.run(['tar', '-xzf', tarball, '--strip-components=1', '-C', destination], this.folder));
    const { packages } = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8'));
    for (const [path, entry] of Object.entries<{ dev?: boolean }>(packages)) {
      if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || entry.dev) continue;
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      symlinkSync(join(packageRoot, path), join(this.folder, path));
    }
    this.must(this.command('npm', 'rebuild', '--offline', 'pope-native'));
  }

  private run([program, ...args]: string[], cwd: string, env: Record<string, string> = {}): Finished {
    // npm's own settings of the test run, such as its lifecycle, are not those of a stranger; its cache may be shared.
    const outer = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_cache$)|POPE_|NODE_|VITEST)/.test(name)),
    );
    const options = { cwd, encoding: 'utf8', env: { ...outer, ...env }, maxBuffer: 2 ** 28 } as const;
    return spawnSync(program!, args, options);
  }

  private must(finished: Finished): Finished {
    if (finished.status !== 0) throw new Error(finished.stderr + finished.stdout);
    return finished;
  }
}

function exists(folder: string, name: string): boolean {
  try {
    return readdirSync(folder).includes(name);
  } catch {
    return false;
  }
}
