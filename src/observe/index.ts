export { eventNames } from '../lock/events.ts';
export { diagnosticsObserver } from './diagnostics.ts';
export { type HoldTimes, type HoldTimesOptions, holdTimes, type LongHold, type TtlSuggestion } from './hold-times.ts';
export type { Meter } from './instruments.ts';
export type {
  ConflictEntry,
  EntryKind,
  FireEntry,
  HoldEntry,
  HoldOutcome,
  Journal,
  JournalEntries,
  JournalEntry,
  JournalQuery,
  LateLockEntry,
  SkipEntry,
  WaitEntry,
} from './journal/journal.ts';
export { createJournal, type JournalOptions } from './journal/memory.ts';
export type { JournalPool } from './journal/pool.ts';
export { type PostgresJournal, type PostgresJournalOptions, postgresJournal } from './journal/postgres.ts';
export { createJournalTableSql } from './journal/table.ts';
export type { LabelOptions } from './labels.ts';
export type { Observed, SeenHolder } from './listening.ts';
export { type Logger, type LogLevel, logObserver } from './log.ts';
export { type MetricsOptions, metricsObserver } from './metrics.ts';
export { type Span, type SpanOptions, spanObserver, type Tracer } from './spans.ts';
