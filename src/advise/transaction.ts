import type { Statement } from './statements.ts';

/** What one session did between `BEGIN` and `COMMIT`, or one statement alone, as far as it is known. */
export interface Transaction {
  readonly application: string;
  readonly user: string;
  /** A list of its own, never changed: another one takes its place. */
  readonly statements: readonly Statement[];
}

/** Why the database aborted a transaction, as far as its log tells. */
export type AbortKind = 'serialization' | 'deadlock' | 'cycle';

/** One abort. */
export interface ConflictCase {
  readonly kind: AbortKind;
  /** By the database's own clock, without its zone. NaN: unknown. */
  readonly atMs: number;
  readonly victim: Transaction;
  /** The other transactions that ran at that moment. */
  readonly beside: readonly Transaction[];
  /** The server itself says that it was these, as it does of a deadlock. */
  readonly isNamed: boolean;
}
