export { expectedHolds } from './ahead.ts';
export { fewestStarts } from './cast.ts';
export { type Backtested, backtest, type Forecast, forecast } from './forecast.ts';
export { beginningOf } from './history.ts';
export type { Job } from './jobs.ts';
export type { ForecastInput, OnPlay, TableRules } from './options.ts';
export type { JobOutlook, Range } from './outlook.ts';
export { meanSkips, meanWaits, noTrouble, troubleOf } from './proposal.ts';
