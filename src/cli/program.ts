import { Command, CommanderError } from 'commander';
import { InterruptedError, PopeError, UsageError } from '../errors.js';
import { exampleText, isHelp } from './command.js';
import { COMMANDS } from './commands.js';
import { version } from './package.js';
import type { ProgressStream } from './progress.js';
import type { DataStream } from './terminal.js';

export interface ProgramStreams {
  stdout: DataStream;
  stderr: ProgressStream;
  environment: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

/** Runs one command line (without `node` and the script) and returns the exit code. Never throws, never exits. */
export async function runProgram(argv: readonly string[], streams: ProgramStreams): Promise<number> {
  const { stderr, environment } = streams;
  try {
    const program = await buildProgram(argv, streams);
    await program.parseAsync(argv, { from: 'user' });
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
}

/** The program with every command's name, and the rest of those that the command line names. */
export async function buildProgram(argv: readonly string[], streams: ProgramStreams): Promise<Command> {
  const program = new Command('pope');
  program
    .description('Pluralistic off-policy evaluation of language models from logged human feedback.')
    .version(version(), '--version', 'print the version')
    .addHelpText('before', exampleText(['pope demo']))
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text, () => {}),
      writeErr: () => {},
      outputError: () => {},
    });
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).description(summary);
    if (argv.includes(name)) (await load()).mount(command, streams);
  }
  return program;
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
