import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Peer } from './peer.mjs';

const source = fileURLToPath(new URL('floors.cpp', import.meta.url));
const binary = join(dirname(dirname(dirname(source))), 'build', 'bench', 'floors');

/**
 * The limits of this machine (floors.cpp) as candidates for `measure`: reading or copying bytes, multiply-adds of f32 or
 * bf16. Null, after a line that says so, where there is no C++ compiler.
 */
export function openFloors() {
  if (!existsSync(binary) || statSync(binary).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(dirname(binary), { recursive: true });
    const options = ['-std=c++20', '-O3', '-march=native', '-pthread', source, '-o', binary];
    try {
      execFileSync(process.env.CXX ?? 'c++', options, { stdio: ['ignore', 'inherit', 'inherit'] });
    } catch (error) {
      console.error(`without floors: ${error.message.split('\n')[0]}`);
      return null;
    }
  }
  const peer = new Peer(binary, []);
  const candidate = (name) => (amount, threads) => () => peer.milliseconds(`${name} ${amount} ${threads}`);
  return {
    read: candidate('read'),
    copy: candidate('copy'),
    multiplyAdd: candidate('fma'),
    multiplyAddBf16: candidate('bf16'),
    close: () => peer.close(),
  };
}
