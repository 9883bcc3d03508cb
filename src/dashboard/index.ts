export type { Ahead, AskForecast as Forecast } from './archive.ts';
export { createDashboard, type Dashboard } from './dashboard.ts';
export { nodeListener } from './node-listener.ts';
export type { Inspected, Resources } from './observatory.ts';
export type { DashboardOptions } from './options.ts';
export type { ReadJournal } from './pages.ts';
export { type DashboardServer, type ServeOptions, serveDashboard } from './serve.ts';
export { type StoreUnlockOptions, storeUnlock, type Unlock } from './unlock.ts';
