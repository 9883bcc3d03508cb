import type { Command } from 'commander';
import type { LoadedConfig } from '../../config/index.ts';
import { resolveOptions } from '../../lock/plan/options.ts';
import { checkDatabaseUrl } from '../database-url.ts';
import type { Finding, Patient } from '../doctor/finding.ts';
import { exitCodes } from '../exit-codes.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { observe } from '../sight.ts';
import { jsonLine, printable, type Terminal } from '../terminal.ts';
import { newCommand, nonEmpty, type Perform } from './grammar.ts';

interface DoctorFlags extends CommonFlags {
  readonly databaseUrl?: string;
}

const examples = [
  ['giveway doctor', 'connects to the store as the workers would, and says what endangers locks there'],
  ['giveway doctor --database-url "$DATABASE_URL"', 'looks at the isolation level of the warehouse too'],
] as const;

export function doctorCommand(perform: Perform): Command {
  return newCommand(
    'doctor',
    'Examines the store, and says what endangers locks there and what to do. Exits 1 if locks do not work.',
    examples,
  )
    .option('--database-url <url>', 'a Postgres or Redshift database to examine too', nonEmpty)
    .action((flags: DoctorFlags) => perform((terminal) => doctor(terminal, flags)));
}

async function doctor(terminal: Terminal, flags: DoctorFlags): Promise<number> {
  if (flags.databaseUrl !== undefined) checkDatabaseUrl(flags.databaseUrl);
  const config = await openConfig(terminal, flags);
  const [ofStore, ofDatabase] = await Promise.all([diagnoseStore(config), diagnoseDatabase(flags.databaseUrl)]);
  const findings = [...ofStore, ...ofDatabase];
  terminal.write(flags.json ? jsonLine(findings) : inWords(findings, terminal.style));
  return findings.some(({ level }) => level === 'fail') ? exitCodes.unhealthy : exitCodes.ok;
}

/** Stores that keep nobody in another process from anything. */
const pointlessStores: Readonly<Record<string, Finding>> = {
  null: {
    level: 'warn',
    check: 'use',
    subject: 'store none',
    found: 'GIVEWAY_DISABLED is set: nothing is locked',
    remedy: 'Unset it where jobs must give way to one another.',
  },
  memory: {
    level: 'warn',
    check: 'use',
    subject: 'store memory',
    found: 'locks live in each process by itself: no two processes exclude each other',
    remedy: 'Name a store that all processes reach, such as memcached://host:11211.',
  },
};

/** First the server itself, by a connection of the doctor's own; where that finds nothing broken, the store as workers use it. */
async function diagnoseStore(config: LoadedConfig): Promise<readonly Finding[]> {
  const observer = await observe(config);
  try {
    const pointless = pointlessStores[observer.store.traits.name];
    if (pointless !== undefined) return [pointless];
    const url = config.store.address();
    const timeoutMs = Number(url?.parameters.get('timeoutMs') ?? (url?.scheme.startsWith('memcached') ? 500 : 1_000));
    const patient = {
      timeoutMs,
      longestTtlMs: longestTtlOf(config),
      resources: Object.keys(config.resources ?? {}),
      keyOf: observer.keyOf,
    };
    const seen = url === undefined ? [] : await diagnoseServer({ ...patient, url });
    if (seen.some(({ level }) => level === 'fail')) return seen;
    const { tryStore } = await import('../doctor/use.ts');
    return [...seen, ...(await tryStore(observer.store, observer.keyOf, timeoutMs))];
  } finally {
    await observer.close();
  }
}

/** Of other backends nothing can be asked that the store itself does not tell. */
async function diagnoseServer(patient: Patient): Promise<readonly Finding[]> {
  switch (patient.url.scheme) {
    case 'memcached':
    case 'memcacheds':
      return (await import('../doctor/memcached.ts')).diagnoseMemcached(patient);
    case 'redis':
    case 'rediss':
      return (await import('../doctor/redis.ts')).diagnoseRedis(patient);
    case 'postgres':
    case 'postgresql':
      return (await import('../doctor/postgres.ts')).diagnosePostgres(patient);
    default:
      return [];
  }
}

async function diagnoseDatabase(url: string | undefined): Promise<readonly Finding[]> {
  return url === undefined ? [] : (await import('../doctor/database.ts')).diagnoseDatabase(url);
}

function longestTtlOf({ source: _, envName: __, store: ___, resources = {}, ...defaults }: LoadedConfig): number {
  const ttls = Object.values(resources).map((table) => resolveOptions(undefined, [table], defaults).ttlMs);
  return Math.max(...(ttls.length > 0 ? ttls : [resolveOptions(undefined, [], defaults).ttlMs]));
}

const marks = { ok: ['green', 'ok  '], warn: ['yellow', 'warn'], fail: ['red', 'FAIL'] } as const;

function inWords(findings: readonly Finding[], style: Terminal['style']): string {
  return findings
    .map(({ level, check, subject, found, remedy }) => {
      const [color, mark] = marks[level];
      const line = `${style(color, mark)}  ${check}: ${printable(`${subject}: ${found}`)}\n`;
      return remedy === undefined ? line : `${line}      ${printable(remedy)}\n`;
    })
    .join('');
}
