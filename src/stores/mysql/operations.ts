import { StoreUnavailableError } from '../../lock/errors.ts';
import { closedError } from '../closed.ts';
import { timeLimit } from '../deadlines.ts';
import { type Failure, type Progress, sendUntilAnswered } from '../sql/resend.ts';
import type { Connections } from './connections.ts';
import { explain, failureOf } from './failures.ts';
import type { Header, MysqlConnection } from './pool.ts';
import type { LockTable, StatementName } from './table.ts';

/** What a statement came to: rows, or what was done. */
interface Answer<T> {
  readonly result: T;
  /** An earlier send of the same statement was not answered, and may have been done. */
  readonly isRepeated: boolean;
}

/** Each value is bytes, a text, or a whole number as text. */
export type Send = <T = Header>(name: StatementName, values?: (Buffer | string)[]) => Promise<Answer<T>>;

export interface Operations {
  /** Runs `work` within one deadline; whatever goes wrong is a `StoreUnavailableError`. */
  run<T>(work: (send: Send) => Promise<T>): Promise<T>;
  /** Makes the table, if it is not there. */
  setUp(): Promise<void>;
  /** From now on every operation is refused. */
  refuse(): void;
}

export interface OperationsOptions {
  readonly connections: Connections;
  readonly table: LockTable;
  readonly timeoutMs: number;
  /** Make a missing table and go on. */
  readonly makesTable: boolean;
}

const setUpTimeoutMs = 10_000;
/** A bit of the server's status: a transaction is open. */
const inTransaction = 1;
/** Another: without it, each statement opens one. */
const autocommit = 2;

export function createOperations({ connections, table, timeoutMs, makesTable }: OperationsOptions): Operations {
  const limit = timeLimit(timeoutMs, 'MySQL');
  const setUpMs = Math.max(timeoutMs, setUpTimeoutMs);
  let isClosed = false;

  async function run<T>(work: (send: Send) => Promise<T>, within = limit, limitMs = timeoutMs): Promise<T> {
    if (isClosed) throw closedError('mysql');
    const loans = lender(connections);
    const makeTable = makesTable ? () => loans.execute(table.setUp, []) : undefined;
    const send: Send = <R>(name: StatementName, values: unknown[] = []) => {
      const ask = async (isRepeated: boolean) => ({ result: (await loans.execute(table[name], values)) as R, isRepeated });
      return sendUntilAnswered(loans, ask, failureHere, makeTable);
    };
    try {
      return await within(work(send), loans.giveUp);
    } catch (error) {
      throw explain(error, { table: table.name, address: connections.address, timeoutMs: limitMs, stage: loans.stage });
    }
  }

  /** Looks first: to make what is there already, a user needs the right to make it. */
  async function setUp(send: Send): Promise<void> {
    const isThere = await send('isThere').then(
      () => true,
      (error: unknown) => {
        if (failureOf(error) !== 'no-table') throw error;
        return false;
      },
    );
    if (!isThere) await send('setUp');
  }

  return {
    run: (work) => run(work),
    setUp: () => run(setUp, timeLimit(setUpMs, 'MySQL'), setUpMs),
    refuse() {
      isClosed = true;
    },
  };
}

/** Runs the statements of one operation, each on a connection borrowed for it alone. All end when the operation does. */
interface Lender extends Progress {
  execute(sql: string, values: unknown[]): Promise<unknown>;
  /** Time is up: sends nothing more, and throws away the connection whose answer is missing. */
  giveUp(): void;
}

function lender(connections: Connections): Lender {
  let stage: Lender['stage'] = 'connecting';
  let isOver = false;
  let asked: MysqlConnection | undefined;

  return {
    get stage() {
      return stage;
    },
    get isOver() {
      return isOver;
    },
    async execute(sql, values) {
      stage = 'connecting';
      const connection = await connections.getConnection();
      // The caller was told that there is no answer. What it asked for must not happen afterwards.
      if (isOver) {
        connection.release();
        throw new Error('connected too late');
      }
      stage = 'asking';
      asked = connection;
      try {
        const [result] = await connection.execute({ sql, values, rowsAsArray: false, nestTables: false });
        if (!Array.isArray(result)) refuseOpenTransaction(result as Header);
        if (!isOver) connection.release();
        return result;
      } catch (error) {
        if (isOver) throw error;
        if (error instanceof StoreUnavailableError || failureOf(error) === 'lost') connection.destroy();
        else connection.release();
        throw error;
      } finally {
        asked = undefined;
      }
    },
    giveUp() {
      isOver = true;
      asked?.destroy();
    },
  };
}

/** What we say of a connection ourselves, another would not mend. */
function failureHere(error: unknown): Failure {
  return error instanceof StoreUnavailableError ? 'refused' : failureOf(error);
}

/** Whoever had it from the pool before us neither committed nor rolled back, or commits by hand: what we write would be seen by nobody, and may vanish. */
function refuseOpenTransaction({ serverStatus }: Header): void {
  if ((serverStatus & inTransaction) === 0 && (serverStatus & autocommit) !== 0) return;
  throw new StoreUnavailableError(
    'A connection came from `pool` in the middle of a transaction, or without autocommit: something releases it without commit or rollback',
    { code: 'ERR_GIVEWAY_STORE_SETUP' },
  );
}
