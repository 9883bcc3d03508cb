export type { LockedCronOptions } from './cron-options.ts';
export { GivewayHealthIndicator, type LockerHealth } from './health.ts';
export { LockedCron, type LockedCronDecorator } from './locked-cron.ts';
export { LockedProcess, type LockedProcessDecorator, type LockedProcessOptions } from './locked-process.ts';
export { GivewayModule } from './module.ts';
export type { GivewayModuleAsyncOptions, GivewayModuleOptions, LockerSource } from './settings.ts';
export { getLockerToken, InjectLocker } from './tokens.ts';
