import type { Loan } from '../stores/postgres/loan.ts';
import { endsSession, sqlStateOf } from './sql-state.ts';

/** A statement of the session failed, maybe by the end of the session. */
export function hearFailure({ hear }: Pick<Loan, 'hear'>, error: unknown): void {
  if (endsSession(error)) hear(error as Error);
}

/** For a message: what the server said, with its code. */
export function saidAtEnd(end: Error): string {
  const code = sqlStateOf(end);
  return code === undefined ? end.message : `${code}, ${end.message}`;
}
