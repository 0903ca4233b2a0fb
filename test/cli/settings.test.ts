import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  defaulted,
  listOf,
  number,
  oneOf,
  onOff,
  optional,
  positiveInteger,
  required,
  several,
  text,
  wholeNumber,
} from '../../src/cli/flags.js';
import { checkConfig, environmentName, type Flags, readConfig, resolveSettings } from '../../src/cli/settings.js';
import { UsageError } from '../../src/errors.js';

const flags = {
  batchTokens: defaulted('--batch-tokens <n>', 'rows per batch', positiveInteger, 512),
  model: optional('--model <dir>', 'model', text),
  target: several('--target <files...>', 'score files', text),
  json: onOff('--json', 'print JSON'),
};
const nothing = { command: 'score', typed: {}, environment: {}, config: {} };

describe('precedence of settings', () => {
  const environment = { POPE_BATCH_TOKENS: '32' };
  const config = { batchTokens: 64, score: { batchTokens: 48 } };

  it.each([
    ['flag', { typed: { batchTokens: '16' }, environment, config }, 16],
    ['environment', { typed: {}, environment, config }, 32],
    ['section of the config file', { typed: {}, environment: {}, config }, 48],
    ['config file', { typed: {}, environment: {}, config: { batchTokens: 64 } }, 64],
    ['default', { typed: {}, environment: {}, config: {} }, 512],
  ])('takes the %s', (_, sources, wanted) => {
    expect(resolveSettings(flags, { command: 'score', ...sources }).batchTokens).toBe(wanted);
  });

  it('gives booleans, lists and absent values', () => {
    expect(resolveSettings(flags, nothing)).toEqual({ batchTokens: 512, model: undefined, target: [], json: false });
    const given = { ...nothing, typed: { target: ['a', 'b'] }, environment: { POPE_JSON: 'true' } };
    expect(resolveSettings(flags, given)).toMatchObject({ target: ['a', 'b'], json: true });
    expect(resolveSettings(flags, { ...nothing, config: { target: 'a', json: false } })).toMatchObject({
      target: ['a'],
      json: false,
    });
  });

  it('names a setting as it was given when its value is wrong', () => {
    const attempt = (sources: object) => () => resolveSettings(flags, { ...nothing, ...sources });
    expect(attempt({ typed: { batchTokens: 'many' } })).toThrow('--batch-tokens: expected a finite number, got "many"');
    expect(attempt({ environment: { POPE_BATCH_TOKENS: '0' } })).toThrow(
      'POPE_BATCH_TOKENS: expected a whole number of at least 1, got "0"',
    );
    expect(attempt({ config: { batchTokens: 1.5 } })).toThrow(
      '"batchTokens" in the config file: expected a whole number of at least 1, got "1.5"',
    );
    expect(attempt({ config: { json: 'perhaps' } })).toThrow('expected true or false');
    expect(attempt({ config: { model: ['a', 'b'] } })).toThrow('expected one value, got an array of 2');
    expect(attempt({ config: { target: true } })).toThrow('expected one or more values');
  });

  it('asks for a required setting by its flag', () => {
    const strict = { model: required('--model <dir>', 'model', text) };
    expect(() => resolveSettings(strict, nothing)).toThrow(
      new UsageError('MISSING_OPTION', 'pope score needs --model <dir>'),
    );
    expect(resolveSettings(strict, { ...nothing, environment: { POPE_MODEL: 'm' } }).model).toBe('m');
  });
});

describe('config files', () => {
  const folder = mkdtemp(join(tmpdir(), 'pope-config-'));
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(await folder, name);
    await writeFile(path, content);
    return path;
  };

  it('reads JSON and ES modules', async () => {
    expect(await readConfig(await write('a.json', '{"seed":7}'))).toEqual({ seed: 7 });
    expect(await readConfig(await write('a.mjs', 'export default { seed: 3 + 4 };'))).toEqual({ seed: 7 });
  });

  it.each([
    ['broken.json', '{"seed":'],
    ['array.json', '[1]'],
    ['empty.mjs', 'export const seed = 1;'],
  ])('refuses %s', async (name, content) => {
    await expect(readConfig(await write(name, content))).rejects.toThrow(UsageError);
    await expect(readConfig(await write(name, content))).rejects.toThrow(name);
  });

  it('refuses a file that is not there', async () => {
    await expect(readConfig('/nowhere/pope.json')).rejects.toThrow('/nowhere/pope.json');
  });

  it('refuses names that no command knows', () => {
    const commands = new Map<string, Flags>([
      ['score', flags],
      ['doctor', {}],
    ]);
    expect(() => checkConfig({ model: 'm', score: { json: true } }, commands)).not.toThrow();
    expect(() => checkConfig({ modle: 'm' }, commands)).toThrow('"modle"');
    expect(() => checkConfig({ doctor: { model: 'm' } }, commands)).toThrow('"doctor.model"');
  });
});

describe('values', () => {
  it.each(['', ' ', 'x', 'NaN', 'Infinity', '1e999'])('%j is not a number', (value) => {
    expect(() => number(value)).toThrow('expected a finite number');
  });

  it('reads numbers, choices and lists', () => {
    expect(number('-1e-3')).toBe(-0.001);
    expect(wholeNumber('0')).toBe(0);
    expect(() => wholeNumber('-1')).toThrow('at least 0');
    expect(() => wholeNumber('9007199254740993')).toThrow('whole number');
    expect(listOf(oneOf('none', 'tokens'))('none, tokens')).toEqual(['none', 'tokens']);
    expect(() => listOf(oneOf('none', 'tokens'))('none,bytes')).toThrow('expected one of none, tokens, got "bytes"');
    expect(() => text('')).toThrow('expected some text');
  });

  it('names environment variables after flags', () => {
    expect(environmentName('seed')).toBe('POPE_SEED');
    expect(environmentName('batchTokens')).toBe('POPE_BATCH_TOKENS');
  });
});
