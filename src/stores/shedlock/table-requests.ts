import { GivewayError, StoreUnavailableError } from '../../lock/errors.ts';
import { closedError } from '../closed.ts';
import { timeLimit } from '../deadlines.ts';
import type { Connections } from '../postgres/connections.ts';
import { explain, failureOf } from '../postgres/failures.ts';
import type { Answer } from '../postgres/operations.ts';
import { statementsOn } from '../postgres/statement.ts';
import { sendUntilAnswered } from '../sql/resend.ts';
import { type Room, roomIn, shedlockTableSql } from './columns.ts';
import type { StatementName, TableStatements } from './statements.ts';

export type Send = (name: StatementName, values?: unknown[]) => Promise<Answer>;

export interface TableRequests {
  /** Runs `work` within one deadline; whatever goes wrong is a `GivewayError`. The table is looked at before the first. */
  run<T>(work: (send: Send, room: Room) => Promise<T>): Promise<T>;
  /** From now on every operation is refused. */
  refuse(): void;
}

export function createTableRequests(connections: Connections, table: TableStatements, timeoutMs: number): TableRequests {
  const limit = timeLimit(timeoutMs, 'Postgres');
  let isClosed = false;
  let room: Room | undefined;

  return {
    async run(work) {
      if (isClosed) throw closedError('shedlock');
      const statements = statementsOn(connections);
      const send: Send = (name, values = []) => {
        const ask = async (isRepeated: boolean) => ({ rows: await statements.query({ text: table[name], values }), isRepeated });
        return sendUntilAnswered(statements, ask, failureOf);
      };
      const begun = async () => {
        room ??= roomIn((await send('columns')).rows, table.name);
        return work(send, room);
      };
      try {
        return await limit(begun(), statements.giveUp);
      } catch (error) {
        const { address, greeting } = connections;
        throw explainHere(error) ?? explain(error, { table, address, greeting, timeoutMs, stage: statements.stage });
      }
    },
    refuse() {
      isClosed = true;
    },
  };

  /** What Postgres says of this table must not be answered with the definition of giveway's own. */
  function explainHere(error: unknown): GivewayError | undefined {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (error instanceof GivewayError) return undefined;
    const [sentence, concern] =
      code === '42P10'
        ? [`has no primary key on name, which an insert on conflict needs. ShedLock's is\n${shedlockTableSql(table.name)}`, 'STORE_SETUP']
        : code === '42501'
          ? [`may not be used by this user (${message}): grant select, insert, update on it`, 'STORE_FORBIDDEN']
          : code === '42P01' || code === '42703'
            ? [`is gone, or has changed (${message}). ShedLock's is\n${shedlockTableSql(table.name)}`, 'STORE_SETUP']
            : [];
    if (sentence === undefined) return undefined;
    // It is looked at again, so that it can be put right without a restart.
    room = undefined;
    return new StoreUnavailableError(`The table ${table.name} ${sentence}`, { cause: error, code: `ERR_GIVEWAY_${concern}` });
  }
}
