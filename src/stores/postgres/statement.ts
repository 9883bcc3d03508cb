import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Progress } from '../sql/resend.ts';
import type { Connections } from './connections.ts';
import { failureOf } from './failures.ts';
import type { Loan } from './loan.ts';
import type { PgPoolClient, PgQuery, PgRow } from './pool.ts';

/** The statements of one operation of the store, which all end when it does. */
export interface Statements extends Progress {
  query(query: PgQuery): Promise<readonly PgRow[]>;
  /** Time is up: sends nothing more, and throws away the connection whose answer is missing. */
  giveUp(): void;
}

/** Connections on which statements are prepared: known once a row has told which process serves them. */
const direct = new WeakSet<PgPoolClient>();

/**
 * Sends statements, each on a connection borrowed for it alone. A query's name counts only where it is known that the
 * connection is ours and leads to the server itself: planning costs as much as the rest of a statement on one row.
 */
export function statementsOn(connections: Connections): Statements {
  let stage: Statements['stage'] = 'connecting';
  let isOver = false;
  let loan: Loan | undefined;

  return {
    get stage() {
      return stage;
    },
    get isOver() {
      return isOver;
    },
    async query({ name, ...query }) {
      stage = 'connecting';
      loan = await connections.borrow();
      // The caller was told that there is no answer. What it asked for must not happen afterwards.
      if (isOver) {
        loan.giveBack();
        throw new Error('connected too late');
      }
      stage = 'asking';
      try {
        const { client } = loan;
        if (!connections.areOurs) refuseOpenTransaction(client);
        const prepares = name !== undefined && connections.areOurs;
        const { rows } = await client.query(prepares && direct.has(client) ? { name, ...query } : query);
        if (prepares && rows[0]?.pid !== undefined && rows[0].pid === client.processID) direct.add(client);
        loan.giveBack();
        return rows;
      } catch (error) {
        loan.giveBack(failureOf(error) === 'lost' ? (error as Error) : undefined);
        throw error;
      }
    },
    giveUp() {
      isOver = true;
      if (stage === 'asking') loan?.giveBack(new Error('no answer in time'));
    },
  };
}

/** Whoever had it from the pool before us neither committed nor rolled back: what we write would be seen by nobody, and may vanish. */
function refuseOpenTransaction(client: PgPoolClient): void {
  const status = client.getTransactionStatus?.() ?? 'I';
  if (status === 'I') return;
  throw new StoreUnavailableError(
    'A connection came from `pool` in the middle of a transaction: something releases it without commit or rollback',
    { code: 'ERR_GIVEWAY_STORE_SETUP' },
  );
}
