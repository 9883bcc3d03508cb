import type { Pool } from 'pg';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { SqlReader } from './sql/index.ts';

/** What everything of a warehouse stands on. */
export interface WarehouseContext {
  readonly pool: Pool;
  readonly locker: ResourceLocker;
  readonly reader: SqlReader;
}
