import { loadPg } from '../../config/peers.ts';
import { withoutParameters } from '../../config/store-url.ts';
import { printable } from '../../lock/holder.ts';
import { redactText } from '../../lock/redact.ts';
import { isPackageMissing } from '../exit-codes.ts';
import { clockFinding, type Finding, type Patient } from './finding.ts';

const connectWithinMs = 5_000;
const ownParameters = ['table', 'createTable', 'listen', 'timeoutMs'];

/** A connection for a few questions. `ask` gives the first row. */
export interface Interview {
  ask(sql: string): Promise<Readonly<Record<string, unknown>>>;
  askAll(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Connects, asks, hangs up. Rejects with what the server or the network said, without credentials. */
export async function interview<T>(
  connectionString: string,
  questions: (interview: Interview) => Promise<T>,
  answerWithinMs: number = connectWithinMs,
): Promise<T> {
  const pg = await loadPg();
  const client = new pg.Client({
    connectionString,
    application_name: 'giveway doctor',
    connectionTimeoutMillis: connectWithinMs,
    query_timeout: answerWithinMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const askAll = async (sql: string): Promise<Record<string, unknown>[]> => (await client.query(sql)).rows;
    return await questions({ askAll, ask: async (sql) => (await askAll(sql))[0] ?? {} });
  } catch (error) {
    const said = (error as Error).message || String((error as NodeJS.ErrnoException).code);
    const inWords = {
      'timeout expired': `no connection within ${connectWithinMs} ms`,
      'Query read timeout': `no answer within ${answerWithinMs} ms`,
    };
    throw new Error((inWords as Readonly<Record<string, string>>)[said] ?? printable(redactText(said)));
  } finally {
    await client.end().catch(() => {});
  }
}

/** Asks the Postgres server that keeps the locks. Rejects only for want of the package. */
export async function diagnosePostgres({ url }: Pick<Patient, 'url'>): Promise<readonly Finding[]> {
  const subject = `postgres ${url.authority}`;
  const table = url.parameters.get('table') ?? 'giveway_locks';
  const createsTable = url.parameters.get('createTable') === 'true';
  const failed = (check: string, found: string, remedy: string): Finding => ({ level: 'fail', check, subject, found, remedy });
  try {
    return await interview(withoutParameters(url, ownParameters), async ({ ask }) => {
      const { version, number, replica } = await ask(
        `select version() as version, current_setting('server_version_num')::int as number, pg_is_in_recovery() as replica`,
      );
      const beforeMs = Date.now();
      const { now } = await ask('select (extract(epoch from clock_timestamp()) * 1000)::float8 as now');
      const roundTripMs = Date.now() - beforeMs;
      const { made } = await ask(`select to_regclass('${table.replaceAll("'", "''")}') is not null as made`);
      const title = printable(String(version).split(' (')[0] ?? '');
      const isOld = Number(number) < 110_000;
      return [
        isOld
          ? failed('version', title, 'giveway needs PostgreSQL 11 or later.')
          : { level: 'ok', check: 'version', subject, found: title },
        replica
          ? failed('role', 'a replica: it takes no locks', 'Name the primary.')
          : { level: 'ok', check: 'role', subject, found: 'a primary' },
        made || createsTable
          ? { level: 'ok', check: 'table', subject, found: made ? `${table} is there` : `${table} will be made by the first lock` }
          : failed('table', `there is no table ${table}`, 'Run giveway init --create-tables, or write ?createTable=true into the URL.'),
        clockFinding(subject, Number(now) - (beforeMs + roundTripMs / 2), roundTripMs / 2),
      ];
    });
  } catch (error) {
    if (isPackageMissing(error)) throw error;
    const remedy = 'See whether it runs, whether host, port and database are right, and whether the user may connect.';
    return [failed('reachable', (error as Error).message, remedy)];
  }
}
