/** @file From what the user names to typed results: what a file is shows in what it holds. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { alignResult } from '../../align/result.js';
import { DataError, describeError } from '../../errors.js';
import { comparison } from '../../estimators/compare/result.js';
import { evaluation } from '../../estimators/result.js';
import { parseForeignJson } from '../../files/json.js';
import { readWholeText } from '../../files/text.js';
import { measurements } from '../../metrics/measure/result.js';
import { readGenerations } from '../../policy/generations.js';
import type { Run, TrainingRun } from './run.js';
import { experimentTable, metricsLine, paperTable, runConfig, sensitivity, study } from './schemas.js';

const ACCEPTED =
  'a folder of pope align or pope experiment, a JSON file of pope evaluate, compare, metrics, sensitivity or ' +
  'simulate --study (each with --json), or a generation file (.jsonl)';

/**
 * Reads one argument of `pope report`: `[NAME=]PATH`.
 *
 * @throws DataError REPORT_INPUT naming the file and what was expected; GENERATIONS_* of a generation file
 */
export async function readRun(argument: string): Promise<Run> {
  const { name, path } = splitName(argument);
  const status = await stat(path).catch(() => null);
  if (status === null) throw refuse(path, `no such file or folder (${resolve(path)}); give ${ACCEPTED}`);
  if (status.isDirectory()) return readFolder(path, name);
  if (/\.jsonl(\.gz)?$/.test(path)) {
    const data = await readGenerations([path]);
    return { kind: 'generations', name: name ?? data.policy, path, hash: await hashOf(path), data };
  }
  return readJsonFile(path, name);
}

/** `NAME=PATH`, unless a file has that very name. */
function splitName(argument: string): { name: string | null; path: string } {
  const at = argument.indexOf('=');
  if (at < 1 || existsSync(argument)) return { name: null, path: argument };
  return { name: argument.slice(0, at), path: argument.slice(at + 1) };
}

async function readFolder(path: string, given: string | null): Promise<Run> {
  const name = given ?? basename(resolve(path));
  const table = join(path, 'table.json');
  if (existsSync(table)) {
    return { ...(await readJsonFile(table, name)), path };
  }
  const metrics = join(path, 'metrics.jsonl');
  if (existsSync(metrics) && existsSync(join(path, 'config.json'))) {
    return { kind: 'training', name, path, hash: await hashOf(metrics), data: await readTraining(path, metrics) };
  }
  throw refuse(path, `a folder with neither metrics.jsonl and config.json nor table.json; give ${ACCEPTED}`);
}

async function readTraining(path: string, metrics: string): Promise<TrainingRun> {
  const optional = async (name: string) => (existsSync(join(path, name)) ? readJson(join(path, name)) : null);
  const config = join(path, 'config.json');
  const result = await optional('result.json');
  const lines = (await readText(metrics)).split('\n');
  // A run that was killed may have left half a last line.
  const whole = lines.slice(0, -1).filter((line) => line !== '');
  return {
    config: checked(runConfig, await readJson(config), config),
    environment: (await optional('environment.json')) as Record<string, unknown> | null,
    metrics: whole.map((line, i) => checked(metricsLine, parse(line, `${metrics}:${i + 1}`), `${metrics}:${i + 1}`)),
    result: result === null ? null : checked(alignResult, result, join(path, 'result.json')),
  };
}

async function readJsonFile(path: string, given: string | null): Promise<Run> {
  const value = await readJson(path);
  const has = (...keys: string[]) => keys.every((key) => typeof value === 'object' && value !== null && key in value);
  const own = given ?? basename(path).replace(/\.json$/, '');
  const shared = { path, hash: await hashOf(path) };
  if (has('headline', 'estimates')) {
    return { kind: 'evaluation', name: own, ...shared, data: checked(evaluation, value, path) };
  }
  if (has('policies', 'pairs')) {
    return { kind: 'comparison', name: own, ...shared, data: checked(comparison, value, path) };
  }
  if (has('encoder', 'metrics')) {
    const data = checked(measurements, value, path);
    return { kind: 'metrics', name: given ?? data.policy, ...shared, data };
  }
  if (has('worlds', 'budget')) {
    return { kind: 'experiment', name: own, ...shared, data: checked(experimentTable, value, path) };
  }
  if (has('experiment', 'columns', 'rows')) {
    return { kind: 'paper', name: own, ...shared, data: checked(paperTable, value, path) };
  }
  if (has('world', 'seeds', 'rows')) return { kind: 'study', name: own, ...shared, data: checked(study, value, path) };
  if (has('rows', 'warnings')) {
    return { kind: 'sensitivity', name: own, ...shared, data: checked(sensitivity, value, path) };
  }
  throw refuse(path, `JSON, but not a result that a report can show; give ${ACCEPTED}`);
}

function checked<T extends z.ZodType>(schema: T, value: unknown, place: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw refuse(place, `${path.join('.')}: ${message}; was it written by this version of pope, and not changed since?`);
}

async function readJson(path: string): Promise<unknown> {
  return parse(await readText(path), path);
}

function readText(path: string): Promise<string> {
  return readWholeText(path).catch((error: unknown) => {
    throw refuse(path, `cannot be read: ${describeError(error)}`);
  });
}

function parse(text: string, place: string): unknown {
  try {
    return parseForeignJson(text);
  } catch (error) {
    throw refuse(place, `expected JSON (${describeError(error)}); give ${ACCEPTED}`);
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

function refuse(place: string, problem: string): DataError {
  return new DataError('REPORT_INPUT', `${place}: ${problem}`);
}
