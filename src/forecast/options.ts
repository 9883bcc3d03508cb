import type { ConfiguredJobs } from '../jobs/configured.ts';
import type { LockerOptions } from '../lock/plan/settings.ts';
import type { JournalEntry } from '../observe/index.ts';

/** Settings of a locker as far as they decide who may have what. */
export type TableRules = Omit<LockerOptions, 'store' | 'closesStore' | 'clock'>;

/** What a forecast is made from. */
export interface ForecastInput {
  /** The jobs of the config, by name. */
  readonly jobs: ConfiguredJobs | undefined;
  /** What the config says of tables, waits and holds. */
  readonly rules: TableRules;
  /** What happened in the time of the history. */
  readonly entries: readonly JournalEntry[];
  readonly historyFromMs: number;
  readonly historyToMs: number;
  /** The time that is forecast. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Without it 200, and fewer where there are many fires. */
  readonly plays: number | undefined;
  readonly seed: number;
  /** Hears of each play of the forecast, and of each that tries other times. */
  readonly onPlay?: OnPlay;
}

export type OnPlay = (of: 'forecast' | 'proposal', played: number, plays: number) => void;
