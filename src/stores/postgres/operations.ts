import { closedError } from '../closed.ts';
import { timeLimit } from '../deadlines.ts';
import { sendUntilAnswered } from '../sql/resend.ts';
import type { Connections } from './connections.ts';
import { explain, failureOf } from './failures.ts';
import type { PgRow } from './pool.ts';
import { type Statements, statementsOn } from './statement.ts';
import type { LockTable, StatementName } from './table.ts';

/** What a statement came to. */
export interface Answer {
  readonly rows: readonly PgRow[];
  /** An earlier send of the same statement was not answered, and may have been done. */
  readonly isRepeated: boolean;
}

export type Send = (name: StatementName, values?: unknown[]) => Promise<Answer>;

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

export function createOperations({ connections, table, timeoutMs, makesTable }: OperationsOptions): Operations {
  const limit = timeLimit(timeoutMs, 'Postgres');
  const setUpMs = Math.max(timeoutMs, setUpTimeoutMs);
  let isClosed = false;
  let making: Promise<unknown> | undefined;

  async function run<T>(work: (send: Send) => Promise<T>, within = limit, limitMs = timeoutMs): Promise<T> {
    if (isClosed) throw closedError('postgres');
    const statements = statementsOn(connections);
    const makeTable = makesTable ? () => makeOnce(statements) : undefined;
    const send: Send = (name, values) => {
      const query = values === undefined ? { text: table[name] } : { name, text: table[name], values };
      const ask = async (isRepeated: boolean) => ({ rows: await statements.query(query), isRepeated });
      return sendUntilAnswered(statements, ask, failureOf, makeTable);
    };
    try {
      return await within(work(send), statements.giveUp);
    } catch (error) {
      const { address, greeting } = connections;
      throw explain(error, { table, address, greeting, timeoutMs: limitMs, stage: statements.stage });
    }
  }

  /** Once for all that find it missing at the same time. */
  function makeOnce(statements: Statements): Promise<unknown> {
    making ??= statements.query({ text: table.setUp }).finally(() => {
      making = undefined;
    });
    return making;
  }

  /** Looks first: to make what is there already, a user needs rights on the schema, and to own the table. */
  async function setUp(send: Send): Promise<void> {
    const answer = await send('isThere').catch((error: unknown) => {
      if (failureOf(error) !== 'no-table') throw error;
    });
    if (answer?.rows[0]?.isThere !== true) await send('setUp');
  }

  return {
    run: (work) => run(work),
    setUp: () => run(setUp, timeLimit(setUpMs, 'Postgres'), setUpMs),
    refuse() {
      isClosed = true;
    },
  };
}
