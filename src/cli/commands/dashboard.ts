import { type Command, InvalidArgumentError } from 'commander';
import { createLocker } from '../../lock/api/locker.ts';
import { InvalidOptionError, isOutage } from '../../lock/errors.ts';
import { exitCodes, isPackageMissing } from '../exit-codes.ts';
import { withStore } from '../failure.ts';
import { type JournalFlags, type OpenJournal, openJournal, withJournalFlag } from '../journal.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { outlookFor } from '../outlook.ts';
import { say } from '../say.ts';
import { type Observer, observe, probePrefix } from '../sight.ts';
import { catchSignals } from '../signals.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, nonEmpty, type Perform } from './grammar.ts';

interface DashboardFlags extends CommonFlags, JournalFlags {
  readonly host: string;
  readonly port: number;
}

const examples = [
  ['giveway dashboard', 'on http://127.0.0.1:4440/, for this machine alone'],
  ['GIVEWAY_JOURNAL=postgres://… giveway dashboard', 'with the past, from the journal that the workers write'],
  ['GIVEWAY_DASHBOARD_TOKEN=… giveway dashboard --host 0.0.0.0', 'for others too, who must know the token'],
] as const;

export function dashboardCommand(perform: Perform): Command {
  const command = newCommand('dashboard', 'Serves a page that shows who holds what, until Ctrl-C.', examples)
    .option('--host <address>', 'any but loopback needs GIVEWAY_DASHBOARD_TOKEN', nonEmpty, '127.0.0.1')
    .option('--port <number>', '0 for a free one', port, 4440)
    .action((flags: DashboardFlags) => perform((terminal) => dashboard(terminal, flags)));
  return withJournalFlag(command);
}

/** What the page takes for its title. */
const longestTitle = 100;

async function dashboard(terminal: Terminal, { host, port, ...flags }: DashboardFlags): Promise<number> {
  const { serveDashboard, storeUnlock } = await import('../../dashboard/index.ts');
  const history = await openJournal(terminal, flags);
  const config = await openConfig(terminal, flags);
  const observer = await observe(config);
  const { source: _, envName, store, jobs: __, ...settings } = config;
  // It only looks, also at what others list and this config does not.
  const locker = createLocker({ ...settings, allowUnlisted: true, store: observer.store });
  // Secrets come in variables: everybody can read a command line.
  const token = terminal.env.GIVEWAY_DASHBOARD_TOKEN || undefined;
  const outlook = history && outlookFor(config, history.journal);
  try {
    await Promise.all([askStore(terminal, flags, observer, store.label), history && askJournal(terminal, flags, history)]);
    await using server = await serveDashboard({
      locker,
      host,
      port,
      resources: () => observer.resources(),
      listsAll: observer.canList,
      environment: (settings.environment ?? envName)?.slice(0, longestTitle),
      store: store.label.slice(0, longestTitle),
      ...(history && { journal: history.journal }),
      ...(outlook && { forecast: outlook }),
      ...(token === undefined ? {} : { token, unlock: storeUnlock({ ...settings, store: observer.store }) }),
    }).catch(withFlags(host, port));
    if (!observer.canList && Object.keys(config.resources ?? {}).length === 0)
      say(terminal, flags.json === true, 'tables-not-seen', unseen(history !== undefined));
    terminal.write(flags.json ? jsonLine({ url: server.url }) : `The dashboard is on ${server.url}\n`);
    await untilSignal();
    return exitCodes.ok;
  } finally {
    await Promise.all([locker.close(), observer.close(), history?.close()]);
  }
}

/** Once, at the start. What somebody must mend in the set-up ends the command; what may pass is told. */
async function askStore(terminal: Terminal, { json }: CommonFlags, { store, keyOf }: Observer, label: string): Promise<void> {
  try {
    await store.read(keyOf(`${probePrefix}dashboard`));
  } catch (error) {
    if (!isOutage(error)) throw error;
    const message = `the store does not answer, and the dashboard keeps trying: ${withStore(error.message, label)}`;
    say(terminal, json === true, 'store-down', message, { store: label, code: error.code });
  }
}

async function askJournal(terminal: Terminal, { json }: CommonFlags, history: OpenJournal): Promise<void> {
  try {
    await history.journal.entries({ limit: 1 });
  } catch (error) {
    if (isPackageMissing(error)) throw error;
    const message = `the journal could not be read, and the dashboard keeps trying: ${history.problem ?? String(error)}`;
    say(terminal, json === true, 'journal-not-read', message);
  }
}

/** The page says so too; but whoever starts it can change it. */
function unseen(hasJournal: boolean): string {
  const shown = hasJournal ? 'only those in the journal are shown' : 'none are shown, held or not';
  const remedy = `List them under \`resources\`${hasJournal ? '' : ', or name a journal in GIVEWAY_JOURNAL'}`;
  return `this store cannot list its keys and the config names no tables, so ${shown}. ${remedy}.`;
}

async function untilSignal(): Promise<void> {
  let signals: Disposable | undefined;
  await new Promise<void>((resolve) => {
    signals = catchSignals(() => resolve());
  });
  signals?.[Symbol.dispose]();
}

/** `listen EADDRINUSE: …`, in words of the command. */
function withFlags(host: string, port: number): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === 'EADDRINUSE')
      throw new InvalidOptionError('--port', port, `it is in use on ${host}; name another, or 0 for a free one`);
    if (error.code === 'EACCES') throw new InvalidOptionError('--port', port, 'this user may not listen there; name one from 1024');
    if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
      throw new InvalidOptionError('--host', host, 'an address of this machine is allowed');
    throw error;
  };
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('A port from 0 to 65535 is allowed.');
}
