/** What ORMs make of the errors of a real MariaDB, which sends here what it is told to. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createPool } from 'mysql2';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import { describeWith } from '../support/shared.ts';

type Send = (sql: string) => Promise<unknown>;

/** A way to send a statement, and to hang up. */
interface Session {
  readonly send: Send;
  readonly end: () => Promise<unknown>;
}

describeWith('mysql', (mysql) => {
  describeWith('orms', (orms) => {
    const load = (name: string): never => createRequire(join(orms.url, 'package.json'))(name) as never;
    const sessions: Session[] = [];
    afterAll(() => Promise.all(sessions.map(({ end }) => end())));

    const openers: Record<string, () => Session | Promise<Session>> = {
      Knex() {
        const knex: (config: object) => { raw: Send; destroy(): Promise<void> } = load('knex');
        const db = knex({ client: 'mysql2', connection: mysql.url });
        return { send: (sql) => db.raw(sql), end: () => db.destroy() };
      },
      Sequelize() {
        const { Sequelize }: { Sequelize: new (url: string, options: object) => { query: Send; close(): Promise<void> } } =
          load('sequelize');
        const db = new Sequelize(mysql.url, { logging: false });
        return { send: (sql) => db.query(sql), end: () => db.close() };
      },
      async TypeORM() {
        const {
          DataSource,
        }: { DataSource: new (options: object) => { initialize(): Promise<{ query: Send; destroy(): Promise<void> }> } } = load('typeorm');
        const db = await new DataSource({ type: 'mysql', url: mysql.url }).initialize();
        return { send: (sql) => db.query(sql), end: () => db.destroy() };
      },
      Drizzle() {
        const { drizzle }: { drizzle(pool: unknown): { execute: Send } } = load('drizzle-orm/mysql2');
        const pool = createPool(mysql.url).promise();
        const db = drizzle(pool);
        return { send: (sql) => db.execute(sql), end: () => pool.end() };
      },
    };

    test.each(Object.keys(openers))('%s', async (name) => {
      const session = (await openers[name]?.()) as Session;
      sessions.push(session);
      const failure = (number: number, state: string): Promise<unknown> =>
        session.send(`signal sqlstate '${state}' set mysql_errno = ${number}, message_text = 'made'`).catch((error: unknown) => error);
      expect(classifyConflict(await failure(1213, '40001'))).toMatchObject({ kind: 'deadlock', retry: true, code: 'ER_LOCK_DEADLOCK' });
      expect(classifyConflict(await failure(1205, 'HY000'))).toMatchObject({ kind: 'lock-timeout', code: 'ER_LOCK_WAIT_TIMEOUT' });
      expect(classifyConflict(await failure(1062, '23000'))).toBeUndefined();
    });
  });
});
