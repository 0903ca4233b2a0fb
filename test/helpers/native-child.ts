import { spawnSync } from 'node:child_process';
import { loadedAddon } from '../../src/native/loader.js';

/** What the native code reads once per process. */
export interface NativeEnvironment {
  POPE_SIMD?: string;
  POPE_THREADS?: string;
  POPE_BLAS?: string;
  OPENBLAS_CORETYPE?: string | undefined;
}

/**
 * Runs `body`, the source of a function of the loaded addon, in a new process whose native code sees `environment`, and
 * returns what it returns through JSON. What `body` throws comes back as `{ error: { code, message } }`.
 */
export function inChild(environment: NativeEnvironment, body: string): unknown {
  const script = `
    const addon = require(${JSON.stringify(loadedAddon().binary.path)});
    addon.initialize((code, message) => Object.assign(new Error(message), { code }));
    let result;
    try {
      result = ((addon) => { ${body} })(addon);
    } catch (error) {
      result = { error: { code: error.code, message: error.message } };
    }
    console.log(JSON.stringify(result));`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`the child ended with ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}
