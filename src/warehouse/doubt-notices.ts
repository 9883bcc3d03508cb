import type { ResourceLocker } from '../lock/api/locker.ts';
import type { StoreNotice } from '../lock/store.ts';
import { createTextCache } from './sql/cache.ts';
import type { Doubt, SqlReader } from './sql/index.ts';
import { shownSql } from './sql/shown.ts';

/** Tells by the event `notice` what statements do that makes the tables read from them perhaps not all; each thing once. */
export function createDoubtNotices(locker: ResourceLocker, reader: SqlReader): (sql: string) => void {
  const told = createTextCache<true>(500, Number.POSITIVE_INFINITY);
  const tell = (doubt: Doubt, sql: string): true => {
    const { code, message } = inWords[doubt.about](doubt.name, locker.defaultSchema);
    locker.announce('notice', () => ({ code, message: `${message}: ${shownSql(sql)}` }));
    return true;
  };
  return (sql) => {
    // What an EXECUTE runs was read where it was prepared.
    if (reader.tablesWritten(sql) === undefined) return;
    for (const doubt of reader.doubts?.(sql) ?? []) told.get(`${doubt.about} ${doubt.name}`, () => tell(doubt, sql));
  };
}

type Notice = Pick<StoreNotice, 'code' | 'message'>;

const inWords: Readonly<Record<Doubt['about'], (name: string, defaultSchema: string) => Notice>> = {
  search_path: (schema, defaultSchema) => ({
    code: 'ERR_GIVEWAY_SEARCH_PATH',
    message: `This puts "${schema}" first in the search path, but a table without a schema is locked as one of "${defaultSchema}". Write the schema before the table's name`,
  }),
  function: (name) => ({
    code: 'ERR_GIVEWAY_UNREAD_FUNCTION',
    message: `It cannot be told what "${name}" writes, so its tables are not locked, those named are. A comment would tell, "giveway: writes=…"; if it writes none, name it in the reader's readOnlyFunctions`,
  }),
};
