/** What turns one publisher's raw format into slates. One file per adapter; index.ts lists them. */
import type { InputFile } from '../input.js';
import type { LoggedResponse, Message } from '../slate.js';
import type { Spill } from './spill.js';

/** An option of one adapter, as `pope import ADAPTER --NAME VALUE`. */
export interface AdapterOption {
  name: string;
  /** Placeholder of the value in the help. */
  argument: string;
  description: string;
  choices?: readonly string[];
  default?: string;
  /** May be given several times; the value is then an array. */
  repeatable?: boolean;
}

/** A response of the raw data; `deleted` is a publisher's mark and does not reach the log. */
export interface RawResponse extends LoggedResponse {
  deleted?: boolean;
}

/** A query with what was answered to it, before the rules that all imports share (slate-rules.ts). */
export interface RawSlate {
  id: string;
  /** Without prompt and messages the query gets its text from `--prompts` or the adapter's template. */
  prompt?: string | undefined;
  messages?: Message[] | undefined;
  responses: RawResponse[];
  weight?: number | undefined;
  cluster?: string | undefined;
  [field: string]: unknown;
}

/** What is reported of raw rows while they are read. */
export interface ImportCounts {
  rows: number;
  dropped: Record<string, number>;
  warnings: ImportWarning[];
}

export interface ImportWarning {
  code: string;
  message: string;
}

/** What an adapter may ask and report while it reads. */
export interface ImportContext {
  /** The value of one of the adapter's options; undefined when it was not given and has no default. */
  option(name: string): string | undefined;
  /** All values of a repeatable option. */
  optionValues(name: string): readonly string[];
  /** Counts raw records that cannot become a response. */
  drop(reason: string, count?: number): void;
  /** Shown once per code, with the message of the first. */
  warn(code: string, message: string): void;
  /** Counts a raw row. @throws what the caller's signal was aborted with */
  onRow(): void;
  /** What has been counted and warned of so far, and going on from there. */
  counts(): ImportCounts;
  restore(counts: ImportCounts): void;
  /** Characters of rows that may be held in memory; more go to the spill. */
  readonly maxCharacters: number;
  readonly spill: Spill<ImportCounts>;
}

/** A reader of one publisher's files. */
export interface Adapter {
  name: string;
  description: string;
  /** What files it reads, for the help. */
  files: string;
  options: readonly AdapterOption[];
  /** Smallest slate that is kept unless --min-slate says otherwise; 2 where people chose between responses. */
  minSlate: number;
  /** Text of queries that have none: `{id}` stands for the query's id. */
  promptTemplate: string;
  /** Streams the slates of the files. @throws DataError INPUT_INVALID, UsageError for options that make no sense */
  read(files: readonly InputFile[], context: ImportContext): AsyncIterable<RawSlate>;
}
