import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkScript } from '../docs/command-lines.js';
import { callCli } from './call-cli.js';
import { finished, runCli, startCli } from './run-cli.js';

const commands = readdirSync(new URL('../../src/cli/commands/', import.meta.url)).map((name) =>
  name.replace('.ts', ''),
);

describe('help', () => {
  it('of pope begins with an example and lists every command', async () => {
    const { code, stdout, stderr } = await callCli(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Example:\n {2}pope /);
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `);
  });

  it.each(commands)('of pope %s begins with an example and names the common flags', async (command) => {
    const { code, stdout, stderr } = await callCli([command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Examples?:\n {2}pope ${command}`));
    for (const flag of ['--seed', '--config', '--quiet', '--help']) expect(stdout).toContain(flag);
  });

  it.each(commands)('of pope %s shows examples that the command takes', async (command) => {
    const { stdout } = await callCli([command, '--help']);
    const examples = stdout.slice(0, stdout.indexOf('Usage:')).match(/^ {2}pope .*$/gm)!;
    for (const example of examples) await checkScript(example.trim());
  });

  it('prints the version', async () => {
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('doctor', () => {
  it('says for people which binary runs', async () => {
    const { code, stdout } = await runCli(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/binary\s+\S*pope_cpu\S*\.node/);
    expect(stdout).toMatch(/simd|instruction set/i);
  });

  it('says the same as one JSON object', async () => {
    const { code, stdout, stderr } = await runCli(['doctor', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toBeTypeOf('object');
  });

  it('takes settings from a flag, the environment and a config file', async () => {
    expect((await runCli(['doctor'], { environment: { POPE_JSON: '1' } })).stdout).toMatch(/^\{/);
    expect((await runCli(['doctor', '--seed', 'x'])).code).toBe(2);
  });

  it('ends quietly when its reader has gone', async () => {
    const child = startCli(['doctor', '--json']);
    child.stdout!.destroy();
    expect(await finished(child)).toMatchObject({ code: 0, stderr: '' });
  });

  it('exits with 4 when the binary is not there', async () => {
    const outcome = await runCli(['doctor'], { environment: { POPE_NATIVE_PATH: '/nowhere/pope_cpu.node' } });
    expect(outcome.code).toBe(4);
    expect(outcome.stdout + outcome.stderr).toContain('/nowhere/pope_cpu.node');
  });
});
