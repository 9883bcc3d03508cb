/** Every program of docs/orms.md, on a real PostgreSQL. The ORMs are in a package of their own, test/orms. */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { codeBlocks } from './code-blocks.ts';
import { projectFolder } from './project-folder.ts';

const run = promisify(execFile);
const play = require.resolve('../orms/play.node.ts');
const blocks = codeBlocks('docs/orms.md');
const files = blocks.flatMap(({ file }) => file ?? []);
/** With a pool of pg, and so with a guard. */
const guarded = ['kysely.ts', 'drizzle.ts', 'prisma.ts'];

describeWith('orms', (orms) => {
  describeWith('postgres', (service) => {
    let folder: string;
    let url: string;

    beforeAll(async () => {
      folder = projectFolder(orms.url);
      for (const { file, code } of blocks) if (file !== undefined) writeFileSync(join(folder, file), code);
      // A database of its own, since not every ORM hands on a search path.
      const address = new URL(service.url);
      await query(service.url, `create database ${service.prefix}`);
      address.pathname = `/${service.prefix}`;
      address.search = '';
      url = address.href;
      await query(url, 'create table events (id int, day int); create table totals (day int primary key, n int)');
      await query(url, 'insert into totals select day, 0 from generate_series(1, 3) day');
      await generatePrisma();
    }, 90_000);
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await query(service.url, `drop database if exists ${service.prefix}`);
    });

    const inFolder = async (program: string, ...args: readonly string[]): Promise<string> => {
      const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', DATABASE_URL: url };
      return (await run(program, args, { cwd: folder, env, timeout: 60_000 })).stdout;
    };

    /** The client alone: an adapter needs none of Prisma's engines, so any file will do for the one that would be fetched. */
    async function generatePrisma(): Promise<void> {
      process.env['PRISMA_SCHEMA_ENGINE_BINARY'] = process.execPath;
      await inFolder(process.execPath, join(orms.url, 'node_modules/prisma/build/index.js'), 'generate', '--schema', 'schema.prisma');
    }

    test.each(files.filter((file) => !['locks.ts', 'schema.prisma'].includes(file)))(
      'docs/orms.md: %s locks, retries a conflict, skips, and reads without a lock',
      async (file) => {
        const seen = JSON.parse(await inFolder(process.execPath, '--import', 'tsx', play, file));
        const lock = 'lock totals events';
        expect(seen).toEqual({
          alone: [1, lock, 'unlock'],
          // The second time it sees what the stranger wrote.
          conflict: [12, lock, 'conflict 40001 1', 'unlock'],
          skipped: ['skipped busy rewrite'],
          reading: [3],
          ...(guarded.includes(file) && { write: [null, 'lock totals', 'unlock'] }),
          ...(file === 'drizzle.ts' && { cancelled: [[{ day: 3, n: 0 }], lock, 'unlock'] }),
        });
      },
      60_000,
    );

    test('docs/orms.md names the versions that are tested', () => {
      const { dependencies } = JSON.parse(readFileSync(join(orms.url, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
      const packages: Record<string, string> = {
        Kysely: 'kysely',
        Drizzle: 'drizzle-orm',
        Knex: 'knex',
        TypeORM: 'typeorm',
        Prisma: 'prisma',
        Sequelize: 'sequelize',
        MikroORM: '@mikro-orm/core',
        'postgres.js': 'postgres',
      };
      const page = readFileSync(join(__dirname, '../../docs/orms.md'), 'utf8');
      const named = [...page.matchAll(/^\| \[([\w.]+)\]\(#\w+\) \| ([\d.]+) \|/gm)].map(([, orm = '', version]) => [
        packages[orm],
        version,
      ]);
      expect(Object.fromEntries(named)).toEqual(Object.fromEntries(Object.values(packages).map((name) => [name, dependencies[name]])));
    });
  });
});
