/** The ground truth: logs of the demo's own workload, and the same workload with what they advise. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { giveway } from '../cli/in-process.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { type ProcessServer, postgresServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

jest.setTimeout(240_000);

interface Played {
  readonly done: number;
  readonly conflicts: number;
  readonly ms: number;
}

async function play(order: object): Promise<Played> {
  const args = ['--import', 'tsx', join(__dirname, 'play.node.ts'), JSON.stringify(order)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

type Report = Record<string, unknown> & {
  readonly jobs: readonly { name: string; scope: object }[];
  readonly unkept: readonly { conflicts: number }[];
};

const logs = ['csv', 'json', 'log'] as const;
/** What the demo's author wrote by hand (demo/workload.ts), by the table of a job's name: its verbs are those that it came to. */
const truth = {
  state_delays: { writes: ['state_delays'], appends: [], reads: ['airport_delays'] },
  flights: { writes: [], appends: ['flights'], reads: [] },
  airport_delays: { writes: ['airport_delays'], appends: [], reads: ['flights'] },
};

describeWith('postgres', () => {
  let folder: string;
  let server: ProcessServer;
  let without: Played;
  const settings = [
    'logging_collector=on',
    'log_destination=csvlog,jsonlog,stderr',
    'log_filename=server.log',
    'log_file_mode=0644',
    'log_rotation_size=0',
    'log_statement=all',
    'log_line_prefix=%m [%p] %v %e %q%u@%d %a ',
    // The rows of a batch say nothing.
    'log_parameter_max_length=100',
  ];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'giveway-advise-'));
    chmodSync(folder, 0o777); // the server runs as another account where we are root
    server = await postgresServer([...settings, `log_directory=${folder}`].flatMap((setting) => ['-c', setting]));
    without = await play({ url: server.url, schema: uniqueName(), conflicts: 200 });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const advise = async (file: string): Promise<Report> => {
    const { code, out } = await giveway(['advise', '--log', file, '--json'], { cwd: folder });
    expect(code).toBe(0);
    return JSON.parse(out);
  };

  test.each(logs)('server.%s tells each job what its author knew', async (extension) => {
    const report = await advise(`server.${extension}`);
    expect(report).toMatchObject({
      conflicts: { all: without.conflicts, serialization: without.conflicts, deadlock: 0 },
      remarks: [],
    });
    // Serialization can fail over what was committed a moment before, when nobody is beside it any more.
    const unkept = report.unkept.reduce((sum, { conflicts }) => sum + conflicts, 0);
    expect(unkept).toBeLessThanOrEqual(0.02 * without.conflicts);
    expect(report.jobs).toHaveLength(3);
    expect(Object.fromEntries(report.jobs.map(({ name, scope }) => [name.split(' ').at(-1), scope]))).toEqual(truth);
  });

  test('gzipped it says the same', async () => {
    writeFileSync(join(folder, 'server.csv.gz'), gzipSync(readFileSync(join(folder, 'server.csv'))));
    const { files: _, ...zipped } = await advise('server.csv.gz');
    const { files: __, ...plain } = await advise('server.csv');
    expect(zipped).toEqual(plain);
  });

  test('with the config that is written the same workload has 2 % of the conflicts at most', async () => {
    const project = projectFolder();
    const config = join(project, 'giveway.config.ts');
    const { code, out } = await giveway(['advise', '--log', join(folder, 'server.log'), '--write', config], { cwd: project });
    expect(code).toBe(0);
    expect(out).toContain(`Wrote ${config}`);
    const withIt = await play({ url: server.url, schema: uniqueName(), ms: without.ms, config });
    expect(without.conflicts).toBeGreaterThanOrEqual(200);
    expect(withIt.conflicts).toBeLessThanOrEqual(0.02 * without.conflicts);
    expect(withIt.done).toBeGreaterThan(0);
    rmSync(project, { recursive: true });
  });
});
