import { describe, expect, test } from '@jest/globals';
import { CommanderError } from 'commander';
import * as fc from 'fast-check';
import { names } from '../../src/cli/commands/grammar.ts';
import { durationBetween } from '../../src/cli/durations.ts';
import { createProgram } from '../../src/cli/program.ts';
import { printable } from '../../src/cli/terminal.ts';
import { shortly } from '../../src/observe/answers/shortly.ts';
import { giveway } from './in-process.ts';

/** Understands a command line and performs nothing. */
async function parse(args: readonly string[]): Promise<{ performed: number; said: string; error: unknown }> {
  let performed = 0;
  let said = '';
  const write = (text: string): void => {
    said += text;
  };
  const program = createProgram(
    async () => {
      performed++;
    },
    { writeOut: write, writeErr: write },
  );
  const error: unknown = await program.parseAsync([...args], { from: 'user' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { performed, said, error };
}

const words = fc.oneof(
  fc.constantFrom('run', 'status', 'why', 'report', 'unlock', 'check', 'doctor', 'init', 'advise', 'help', '--', '-', '--help', '-V'),
  fc.constantFrom(
    '--write',
    '--append',
    '--read',
    '--wait',
    '--skip',
    '--ttl',
    '--job',
    '-E',
    '--skip-ok',
    '--grace',
    '--json',
    '--store',
    '-q',
  ),
  fc.constantFrom('events', 'events,visits', ',', '30s', '-1', '1e9', '255', '256', 'memcached://a', '--write=', '--wait=∞', 'sh', '-c'),
  fc.string({ unit: 'binary' }),
);

describe('arguments', () => {
  test('whatever is written, it is performed once, answered with help, or refused in one line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 12 }), async (args) => {
        const { performed, said, error } = await parse(args);
        if (error === undefined) {
          expect(performed).toBe(1);
          return;
        }
        expect(error).toBeInstanceOf(CommanderError);
        expect(performed).toBe(0);
        if (!/^commander\.(help|helpDisplayed)$/.test((error as CommanderError).code)) {
          expect(said).toMatch(/^giveway: [^\n]+\n$/);
          expect(said).toBe(`${printable(said.slice(0, -1))}\n`);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  test('what follows the command, or --, is the command’s own, to the letter', async () => {
    const own = fc.array(fc.oneof(words, fc.constantFrom('--write', '--help', '--unknown')), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(own, async (args) => {
        for (const line of [
          ['run', '--write', 'a', '--', 'program', ...args],
          ['run', '--write', 'a', 'program', ...args],
        ]) {
          const program = createProgram(async () => {}, { writeOut: () => {}, writeErr: () => {} });
          await program.parseAsync(line, { from: 'user' });
          expect(program.commands.find((command) => command.name() === 'run')?.args).toEqual(['program', ...args]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    [['run', '--', 'true'], 'name what to lock with --write, --append or --read'],
    [
      ['run', '--write', 'a', '--wait', '1s', '--wait', '2s', '--', 'true'],
      "option '--wait <duration>' is given twice; one value is allowed",
    ],
    [['report', '--since', '1h', '--since=2h'], "option '--since <time>' is given twice"],
    [['advise', '--write', 'a.ts', '--write', 'b.ts'], "option '--write <file>' is given twice"],
    [['run', '--write', 'a'], "missing required argument 'command'"],
    [['run', '--write', '--', 'true'], "option '--write <names>' has no value: '--' follows it"],
    [['run', '--write', '--append', 'a', '--', 'true'], "option '--write <names>' has no value: '--append' follows it"],
    [['run', '--job', '-q', '--write', 'a', '--', 'true'], "option '--job <name>' has no value: '-q' follows it"],
    [['advise', '--log', '--json'], "option '--log <files...>' has no value: '--json' follows it"],
    [['status', '--store', '--json'], "option '--store <url>' has no value: '--json' follows it"],
    [['run', '--wirte', 'a', '--', 'true'], "unknown option '--wirte' (Did you mean --write?)"],
    [['run', '--write', 'a,,b', '--', 'true'], 'A name is missing'],
    [['run', '--write', 'a', '--wait', 'soon', '--', 'true'], 'A duration from 0ms to'],
    [['run', '--write', 'a', '--wait', '1s', '--skip', '--', 'true'], "'--wait <duration>' cannot be used with option '--skip'"],
    [['run', '--write', 'a', '--ttl', '999ms', '--', 'true'], 'A duration from 1s to 1d is allowed, such as 30s, 10m or 2h.'],
    [['run', '--write', 'a', '-E', '256', '--', 'true'], 'An exit code from 0 to 255 is allowed'],
    [['run', '--write', 'a', '--store', 'x://y', '--', 'true'], 'there is no such kind of store'],
    [['statsu'], "unknown command 'statsu' (Did you mean status?)"],
    [['why'], "missing required argument 'resource'"],
    [['unlock', 'a', '--if-older-than', '-5m'], 'is invalid'],
    [['run', '--write', 'a'], "missing required argument 'command'; giveway run --help has examples"],
    [['unlock', 'a', 'b'], 'Expected 1 argument but got 2; giveway unlock --help has examples'],
    [['--store', 'memory:', 'status'], "unknown option '--store'; options of a command stand behind it: giveway status --store …"],
    [['frobnicate'], "unknown command 'frobnicate'; giveway --help lists the commands"],
    [['help', 'statsu'], "unknown command 'statsu' (Did you mean status?)"],
    [['status', '--store', 'localhost:11211'], 'its kind belongs in front, such as memcached://localhost:11211'],
    [['status', '--store', 'postgres://u@h/db?tabel=x'], 'no parameter "tabel" (did you mean "table"?)'],
    [['report'], 'GIVEWAY_JOURNAL is not set: a URL such as postgres://'],
    [['advise'], 'advise was given nothing to read: --log '],
    [['advise', '--log', 'a', '--database-url', 'b'], 'advise was given both a log and a database: --log '],
    [['init', '--database-url', 'x'], '--database-url: received "x"; a URL such as postgres://'],
    [
      ['doctor', '--store', 'memory:', '--database-url', 'mysql://h/db'],
      '--database-url: received "mysql://h/db"; a URL such as postgres://',
    ],
    [['advise', '--database-url', 'x'], '--database-url: received "x"; a URL such as postgres://'],
  ])('%j is refused with 64: %s', async (args, said) => {
    const { code, out, err } = await giveway(args);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(said);
    expect(err.startsWith('giveway: ')).toBe(true);
  });

  test.each([
    ['status', '--stroe=redis://user:secret@cache'],
    ['redis://user:secret@cache'],
    ['status', 'a', '--store', 'redsi://user:secret@cache'],
    ['status', 'a', '--store', 'redis://user:secret'],
    ['run', '--wait', 'redis://user:secret@cache', '--write', 'a', '--', 'true'],
    ['run', '--write', 'a', '--on-store-down', 'redis://user:secret@cache', '--', 'true'],
    ['init', '--file', 'redis://user:secret@cache'],
    ['init', '--database-url', 'redis://user:secret@cache'],
    ['dashboard', '--port', 'postgres://user:secret@db'],
    ['report', '--since', 'postgres://user:secret@db'],
    ['advise', '--log', 'postgres://user:secret@db'],
  ])('a password in the wrong place is not printed: %j %j', async (...args) => {
    const { code, out, err } = await giveway(args);
    expect({ code, out, err }).toEqual({ code: 64, out: '', err: expect.not.stringContaining('secret') });
  });

  test('help has examples and no default in bare milliseconds, and the version is one word', async () => {
    const commands = ['run', 'status', 'why', 'report', 'advise', 'forecast', 'unlock', 'check', 'doctor', 'init', 'dashboard'];
    for (const command of commands) {
      const { code, out } = await giveway([command, '--help']);
      expect({ code, out }).toEqual({
        code: 0,
        out: expect.stringMatching(new RegExp(`\nExamples:\n {2}(GIVEWAY_JOURNAL=\\S+ )?giveway ${command}`)),
      });
      expect(out).not.toMatch(/<duration>(?:(?!<)[\s\S])*?default: \d+\)/);
    }
    expect(await giveway(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
    expect(await giveway([])).toMatchObject({ code: 64, out: '', err: expect.stringContaining('Usage: giveway') });
  });
});

test.each([
  ['redis', 'Redis was not connected'],
  ['etcd', 'etcd '],
])('a %s that does not answer is named, though its client tells nobody whom it asked', async (scheme, said) => {
  const { code, err } = await giveway(['status', 'events', '--store', `${scheme}://user:secret@127.0.0.1:1?timeoutMs=100`]);
  expect(code).toBe(69);
  expect(err).toMatch(new RegExp(`^giveway: ${said}.* \\(${scheme}://\\*\\*\\*@127\\.0\\.0\\.1:1\\?timeoutMs=100\\)\n$`));
});

describe('durations', () => {
  test('are read in every unit', () => {
    const parseAny = durationBetween(0, Number.MAX_SAFE_INTEGER);
    expect(['500ms', '30', '30s', '1.5m', '2h', '1d', '0'].map(parseAny)).toEqual([500, 30_000, 30_000, 90_000, 7_200_000, 86_400_000, 0]);
    for (const text of ['', 's', '-1s', '1 s', '1w', '1e3', '٣s', '1.s', 'Infinity']) expect(() => parseAny(text)).toThrow('is allowed');
  });

  test('are refused with examples that are allowed', () => {
    expect(() => durationBetween(0, 86_400_000)('x')).toThrow('A duration from 0ms to 1d is allowed, such as 500ms, 30s, 10m or 2h.');
    expect(() => durationBetween(60_000, 120_000)('x')).toThrow('A duration from 1m to 2m is allowed.');
  });

  test('are shown in their two largest units', () => {
    const spans = [0, 850, 1_000, 59_999, 60_000, 185_000, 7_800_000, 3_600_000, 273_600_000];
    expect(spans.map(shortly)).toEqual(['0ms', '850ms', '1s', '1m', '1m', '3m 05s', '2h 10m', '1h', '3d 4h']);
  });
});

test.each([
  ['events,visits', ['events', 'visits']],
  [' events , public . visits ', ['events', 'public . visits']],
  ['"a,b",c', ['"a,b"', 'c']],
  ['"a""b,c"', ['"a""b,c"']],
])('%s are the names %j', (text, expected) => expect(names(text)).toEqual(expected));

// With the square of the length it would take minutes.
test('a long list of names ends soon', () => {
  expect(names('a,"b"'.concat(',"c,d"'.repeat(100_000)))).toHaveLength(100_002);
  expect(() => names('a,,b')).toThrow('A name is missing');
});
