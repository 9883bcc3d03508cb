import { Command, CommanderError } from 'commander';
import { redactText } from '../lock/redact.ts';
import { adviseCommand } from './commands/advise.ts';
import { checkCommand } from './commands/check.ts';
import { dashboardCommand } from './commands/dashboard.ts';
import { doctorCommand } from './commands/doctor.ts';
import { forecastCommand } from './commands/forecast.ts';
import { names, type Perform } from './commands/grammar.ts';
import { initCommand } from './commands/init.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';
import { unlockCommand } from './commands/unlock.ts';
import { whyCommand } from './commands/why.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { failureText } from './failure.ts';
import { openedStore } from './open.ts';
import { printable, type Terminal } from './terminal.ts';

const makers = [
  runCommand,
  statusCommand,
  whyCommand,
  reportCommand,
  adviseCommand,
  forecastCommand,
  unlockCommand,
  checkCommand,
  doctorCommand,
  initCommand,
  dashboardCommand,
];

/** The grammar of the command line. Throws `CommanderError` instead of ending the process; performs nothing by itself. */
export function createProgram(perform: Perform, { writeOut, writeErr }: Record<'writeOut' | 'writeErr', (text: string) => void>): Command {
  const program = new Command('giveway')
    .description('Best-effort write locks for warehouse tables: scheduled writers give way to one another.')
    .enablePositionalOptions()
    .option('-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help; after a command, help for it');
  for (const make of makers) program.addCommand(make(perform));
  for (const each of [program, ...program.commands]) {
    const outputError = (text: string): void => writeErr(oneLine(text, each === program ? undefined : each.name()));
    each.exitOverride().configureOutput({ writeOut, writeErr, outputError });
    refuseTwice(each);
    refuseOptionsAsValues(each);
  }
  return program;
}

/** Commander takes what follows as the value, whatever it is: `--write $TABLE -- psql` of an empty variable would lock a table `--`. */
function refuseOptionsAsValues(command: Command): void {
  const own = new Set(['--', '-h', '--help', ...command.options.flatMap(({ short, long }) => [short, long])]);
  for (const option of command.options) {
    if (!option.required) continue;
    command.on(`option:${option.name()}`, (value: string) => {
      if (own.has(value)) command.error(`option '${option.flags}' has no value: '${value}' follows it`);
    });
  }
}

/** Of what is given twice commander takes the last without a word. Lists are collected, and a flag said twice says the same. */
function refuseTwice(command: Command): void {
  for (const option of command.options) {
    if (!option.required || option.variadic || option.parseArg === names) continue;
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      if (isGiven) command.error(`option '${option.flags}' is given twice; one value is allowed`);
      isGiven = true;
    });
  }
}

/** Runs one command line and resolves to the exit code. Never rejects. */
export async function runCli(args: readonly string[], terminal: Terminal, version: () => string): Promise<number> {
  if (args.length === 1 && (args[0] === '-V' || args[0] === '--version')) {
    terminal.write(`${version()}\n`);
    return exitCodes.ok;
  }
  let code: number = exitCodes.ok;
  const perform: Perform = async (task) => {
    code = await task(terminal);
  };
  const program = createProgram(perform, { writeOut: terminal.write, writeErr: terminal.writeError });
  try {
    await program.parseAsync(helpFor(args, program), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    terminal.writeError(
      failureText(
        error,
        program.commands.some((command) => command.getOptionValue('json') === true),
        openedStore(terminal),
      ),
    );
    return exitCodeOf(error);
  }
}

/** For `help statsu` commander shows the help of everything, and does not say why. */
function helpFor(args: readonly string[], { commands }: Command): string[] {
  const [first, name = ''] = args;
  return first === 'help' && /^[^-]/.test(name) && !commands.some((command) => command.name() === name) ? [name] : [...args];
}

/** `error: unknown option '--tll'\n(Did you mean --ttl?)` in one line of ours. What was mistyped may hold a password. */
function oneLine(text: string, command: string | undefined): string {
  const said = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
  const remedy = remedyFor(said, command);
  return `giveway: ${printable(redactText(remedy === '' ? said : said.replace(/\.$/, '')))}${remedy}\n`;
}

function remedyFor(said: string, command: string | undefined): string {
  if (command === undefined && said.startsWith('unknown option')) return '; options of a command stand behind it: giveway status --store …';
  if (command === undefined && !said.includes('Did you mean')) return '; giveway --help lists the commands';
  if (/^(?:missing required|too many) argument/.test(said)) return `; giveway ${command} --help has examples`;
  return /^unknown option/.test(said) && !said.includes('Did you mean') ? `; giveway ${command} --help lists what it takes` : '';
}
