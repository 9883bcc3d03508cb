import type { PoolClient } from 'pg';
import type { Session } from './session.ts';
import { standIn } from './stand-in.ts';
import { failUnsent, isSubmittable, type Send, tellingFailures } from './statement.ts';
import { answer, type Guard } from './statement-guard.ts';
import { endedState, type TransactionState } from './transaction-state.ts';

/**
 * A client of a guarded pool. What it writes outside a transaction takes its lock first; inside one it is too late for
 * that, and it is only reported.
 */
export function guardClient(guard: Guard, session: Session, client: PoolClient, onRelease: () => void): PoolClient {
  const send = tellingFailures(client.query.bind(client) as Send, (_error, statement) => session.failed(session.textOf(statement) ?? ''));
  // Whoever had it before may have left a transaction open; older clients of pg cannot tell.
  let state: TransactionState = (client.getTransactionStatus?.() ?? 'I') === 'I' ? 'outside' : 'inside';
  let snapshotMs: number | undefined;
  let told = new Set<string>();
  /** What waits for its lock, or behind what does: statements of a session must not overtake each other. */
  let waiting: Promise<void> | undefined;

  const inOrder = (work: () => Promise<unknown>): Promise<unknown> => {
    const done = (waiting ?? Promise.resolve()).then(work);
    const settled: Promise<void> = done
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (waiting === settled) waiting = undefined;
      });
    waiting = settled;
    return done;
  };

  const query = (...args: unknown[]): unknown => {
    const [statement] = args;
    const sql = session.textOf(statement) ?? '';
    const ended = endedState(sql);
    const touched = guard.writeOf(sql, session);
    try {
      if (touched !== undefined) guard.around(touched, false);
    } catch (error) {
      return failUnsent(args, error);
    }
    const isInside = state === 'inside' || ended === 'inside';
    if (isInside && (ended === undefined || touched !== undefined)) snapshotMs ??= Date.now();
    const mayWait = !isSubmittable(statement);
    if (touched !== undefined && (isInside || !mayWait)) guard.reportLate(touched, sql, snapshotMs ?? Date.now(), told);
    if (ended !== undefined) {
      state = ended;
      snapshotMs = undefined;
      told = new Set();
    }
    if (touched !== undefined && !isInside && mayWait)
      return answer(args, (rest) => inOrder(() => guard.underLock(touched, sql, () => send(...rest))));
    if (waiting === undefined || !mayWait) return send(...args);
    return answer(args, (rest) => inOrder(async () => send(...rest)));
  };
  // What still waits for its lock belongs to this session, and must not come among the statements of whoever has the client next.
  const release = (destroy?: Error | boolean): void => {
    if (waiting === undefined || destroy) {
      onRelease();
      client.release(destroy);
    } else waiting.then(() => release()).catch(() => {});
  };
  return standIn(client, { methods: { query, release } });
}
