import type { Split } from './split.js';

/** One chat message of a query. */
export interface Message {
  role: string;
  content: string;
}

/** One person's opinion of one response. */
export interface Judgement {
  judge?: string | undefined;
  group?: string | undefined;
  signal?: number | undefined;
  /** 1 is best; equal ranks are ties. */
  rank?: number | undefined;
  /** Ids of responses of the same slate that this one was preferred to. */
  winsOver?: string[] | undefined;
}

/** What the logging policy said of a response when it wrote it. */
export interface LoggedPropensity {
  /** SUM of token log-probabilities under pi0, nats. */
  logprob: number;
  tokens?: number | undefined;
  policy?: string | undefined;
}

/** One response of a slate, with what people said of it. Fields that are not named here pass through untouched. */
export interface LoggedResponse {
  id: string;
  text: string;
  signal?: number | undefined;
  rank?: number | undefined;
  judgements?: Judgement[] | undefined;
  /** Group of the response's author. */
  group?: string | undefined;
  /** Opinion that the response expresses. */
  opinion?: string | undefined;
  logging?: LoggedPropensity | undefined;
  [field: string]: unknown;
}

/** One line of a log: a query and the unordered set of responses that were logged for it (docs/theory.md section 1). */
export interface Slate {
  id: string;
  /** Exactly one of prompt and messages is given. */
  prompt?: string | undefined;
  messages?: Message[] | undefined;
  responses: LoggedResponse[];
  /** omega_i, default 1. */
  weight?: number | undefined;
  /** Unit of resampling, default the query itself. */
  cluster?: string | undefined;
  [field: string]: unknown;
}

/** A log that can be read several times, such as a LoggedDataset or an array of slates. */
export type SlateLog = (AsyncIterable<Slate> | Iterable<Slate>) & {
  /** Hash of what was read, for the record of a run. */
  sha256?: () => Promise<string>;
  /** The split that it was opened with. */
  readonly split?: Split | undefined;
};
