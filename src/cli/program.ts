import { Command, CommanderError } from 'commander';
import { InterruptedError, PopeError, UsageError } from '../errors.js';
import { exampleText, isHelp, type MountedCommand } from './command.js';
import { alignCommand } from './commands/align.js';
import { capabilityCommand } from './commands/capability.js';
import { compare } from './commands/compare.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { evaluate } from './commands/evaluate.js';
import { experiment } from './commands/experiment.js';
import { exportCommand } from './commands/export.js';
import { fitLoggingCommand } from './commands/fit-logging.js';
import { generate } from './commands/generate.js';
import { importCommand } from './commands/import.js';
import { label } from './commands/label.js';
import { metrics } from './commands/metrics.js';
import { openBandit } from './commands/open-bandit.js';
import { report } from './commands/report.js';
import { score } from './commands/score.js';
import { sensitivity } from './commands/sensitivity.js';
import { simulate } from './commands/simulate.js';
import { version } from './package.js';
import type { ProgressStream } from './progress.js';
import type { DataStream } from './terminal.js';

const COMMANDS: readonly MountedCommand[] = [
  demo,
  importCommand,
  exportCommand,
  score,
  evaluate,
  compare,
  sensitivity,
  fitLoggingCommand,
  alignCommand,
  generate,
  metrics,
  capabilityCommand,
  label,
  simulate,
  openBandit,
  experiment,
  report,
  doctor,
];

export interface ProgramStreams {
  stdout: DataStream;
  stderr: ProgressStream;
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

/** Runs one command line (without `node` and the script) and returns the exit code. Never throws, never exits. */
export async function runProgram(argv: readonly string[], streams: ProgramStreams): Promise<number> {
  const { stdout, stderr, environment } = streams;
  try {
    await buildProgram(streams).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return 0;
    // The reader of a pipe has what it wanted (`pope ... | head`): that is a success.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0;
    const failure = asPopeError(error, streams.signal);
    stderr.write(`pope: ${failure.code}: ${failure.message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    if (environment.POPE_DEBUG === '1') stderr.write(`${(error as Error).stack ?? String(error)}\n`);
    return failure.exitCode;
  }

  function buildProgram({ signal }: ProgramStreams): Command {
    const program = new Command('pope');
    program
      .description('Pluralistic off-policy evaluation of language models from logged human feedback.')
      .version(version(), '--version', 'print the version')
      .addHelpText('before', exampleText(['pope demo']))
      .exitOverride()
      .configureOutput({
        writeOut: (text) => void stdout.write(text, () => {}),
        writeErr: () => {},
        outputError: () => {},
      });
    const commands = new Map(COMMANDS.map((command) => [command.name, command.flags]));
    for (const command of COMMANDS) command.mount(program, { stdout, stderr, environment, signal, commands });
    return program;
  }
}

function asPopeError(error: unknown, signal: AbortSignal): PopeError {
  if (error instanceof PopeError) return error;
  if (error instanceof CommanderError) return usageError(error);
  if (signal.aborted && signal.reason instanceof InterruptedError) return signal.reason;
  const { message } = error as Error;
  return new PopeError('INTERNAL', `${message} (set POPE_DEBUG=1 for the stack)`, { cause: error });
}

function usageError(error: CommanderError): UsageError {
  if (error.code === 'commander.help') {
    return new UsageError(
      'USAGE',
      `expected a command: ${COMMANDS.map(({ name }) => name).join(', ')}; see pope --help`,
    );
  }
  const message = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '; $1');
  return new UsageError('USAGE', `${message}${message.includes('Did you mean') ? '' : '; see pope --help'}`);
}
