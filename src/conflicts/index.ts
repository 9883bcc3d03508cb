export { classifyConflict } from './classify.ts';
export type { Conflict, ConflictKind } from './conflict.ts';
export type { ConflictRetry } from './conflict-retry.ts';
export type { OnBusy, ResultOf } from './result.ts';
export { type ConflictRetryOptions, withConflictRetry } from './with-conflict-retry.ts';
