import { type ScoreFilePolicy, scoreFile } from '../policy/score-file.js';

/** What `--logging` names: score files, or the log's own propensities. */
export function loggingPolicy(files: readonly string[]): ScoreFilePolicy | 'log' {
  return files.length === 1 && files[0] === 'log' ? 'log' : scoreFile(files);
}
