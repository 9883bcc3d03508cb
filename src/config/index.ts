import type { GivewayConfig } from './types.ts';

export type { JobSettings } from '../jobs/configured.ts';
export { redactUrl } from '../lock/redact.ts';
export { type LoadedConfig, type LoadOptions, loadConfig, loadLocker, namesWritten } from './load.ts';
export type { StoreSource } from './store-setting.ts';
export type { StoreUrl } from './store-url.ts';
export type { EnvironmentSettings, GivewayConfig, StoreSetting } from './types.ts';

/** Returns `config`, so that editors know its type in a config file. It is checked when it is loaded. */
export function defineConfig(config: GivewayConfig): GivewayConfig {
  return config;
}
