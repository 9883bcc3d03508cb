import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { InvalidOptionError } from '../../src/lock/errors.ts';
import { nearestNames } from '../../src/lock/nearest.ts';
import { normalizeName, schemaOf } from '../../src/lock/plan/names.ts';
import { needsOf, resolveScope } from '../../src/lock/plan/scope.ts';
import { recordKey, resourceOfKey } from '../../src/lock/record/keys.ts';

const rules = { defaultSchema: 'public' };
const normal = (name: string): string => normalizeName(name, rules);
const scoped = (scope: Parameters<typeof resolveScope>[0]): ReturnType<typeof resolveScope> =>
  resolveScope(scope, (name, path) => normalizeName(name, rules, path));

describe('names', () => {
  test.each([
    ['Events', 'events'],
    ['PUBLIC.Events', 'events'],
    ['"events"', 'events'],
    ['"Events"', '"Events"'],
    ['public."Events"', '"Events"'],
    ['Analytics."Visits per.Day"', 'analytics."Visits per.Day"'],
    ['analytics.*', 'analytics.*'],
    ['public.*', 'public.*'],
    ['events/ACME', 'events/acme'],
    ['public.events/acme.eu', 'events/acme.eu'],
    ['warehouse.public.events', 'warehouse.public.events'],
    ['Ereignisse für Köln', 'ereignisse für köln'],
    ['VENTE_ÉTÉ', '"vente_ÉtÉ"'],
    ['"vente_ÉtÉ"', '"vente_ÉtÉ"'],
    ['Vente_été', 'vente_été'],
    ['"été"', 'été'],
    ['İ', '"İ"'],
    [' events', 'events'],
    ['events ', 'events'],
    ['public . events', 'events'],
    [' "events" ', 'events'],
    ['" events"', '" events"'],
    ['events / Acme / EU', 'events/acme/eu'],
    ['"a""b"', '"a""b"'],
    ['"a.b".c', '"a.b".c'],
    ['"events\u00a0"', '"events\u00a0"'],
  ])('%s is %s', (given, expected) => {
    expect(normal(given)).toBe(expected);
    expect(normal(expected)).toBe(expected);
  });

  test.each([
    [63, 'postgres', 'x'.repeat(70), 'x'.repeat(63)],
    [63, 'postgres', `"${'X'.repeat(70)}"`, `"${'X'.repeat(63)}"`],
    [63, 'postgres', `a.${'ü'.repeat(40)}`, `a.${'ü'.repeat(31)}`],
    [63, 'postgres', `${'ab '.repeat(30)}`.trim(), `${'ab '.repeat(21)}`.trim()],
    [127, 'redshift', 'x'.repeat(130), 'x'.repeat(127)],
  ] as const)('a part is cut at %d bytes (%s), never within a character: %s', (_bytes, dialect, given, expected) => {
    expect(normalizeName(given, { dialect })).toBe(expected);
    expect(normalizeName(expected, { dialect })).toBe(expected);
  });

  test('what is no table is not cut', () => {
    const tenant = `events/${'x'.repeat(200)}`;
    expect(normal(tenant)).toBe(tenant);
  });

  test('Redshift folds quoted names too', () => {
    expect(normalizeName('Analytics."Events"', { dialect: 'redshift' })).toBe('analytics.events');
    expect(normalizeName('"My Events"', { dialect: 'redshift' })).toBe('"my events"');
  });

  test.each([
    ['dev.analytics.events', 'analytics.events'],
    ['DEV.Public.events', 'events'],
    ['dev . analytics . *', 'analytics.*'],
    ['dev.public.*', 'public.*'],
    ['dev.events', 'dev.events'],
  ])('the database is dropped: %s is %s', (given, expected) => {
    expect(normalizeName(given, { ...rules, database: 'dev' })).toBe(expected);
    expect(normalizeName(expected, { ...rules, database: 'dev' })).toBe(expected);
  });

  test.each(['prod.analytics.events', 'dev.dev.analytics.events', '"Dev".analytics.events'])(
    'P11: another database is refused: %s',
    (name) => {
      expect(() => normalizeName(name, { ...rules, database: 'dev' })).toThrow(/tables of the database dev alone are allowed/);
    },
  );

  test.each([
    [''],
    [' '],
    ['a\nb'],
    ['a\u0000b'],
    ['x'.repeat(300)],
    ['ü'.repeat(128)],
    ['a..b'],
    ['a. .b'],
    ['"open'],
    ['a"b"'],
    ['"a"b'],
    ['""'],
    ['events\u00a0'],
    ['\u200bevents'],
    ['public.\u3000events'],
    ['events/\ufeffacme'],
    ['\ud800'],
    [7],
    [null],
    [undefined],
    [{}],
  ])('P11: %j is refused', (name) => {
    expect(() => normalizeName(name, rules)).toThrow(InvalidOptionError);
  });

  test('normalising again changes nothing, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (name) => {
        let once: string;
        try {
          once = normal(name);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidOptionError);
          return;
        }
        expect(normal(once)).toBe(once);
      }),
    );
  });

  test('a stored identifier, however it is written, is one name', () => {
    const stored = fc.string({
      unit: fc.constantFrom('a', 'Z', 'É', 'ü', '_', '7', '$', ' ', '.', '"', '\u00a0', 'ж'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(stored, fc.constantFrom('postgres', 'redshift'), (identifier, dialect) => {
        const quoted = `"${identifier.replaceAll('"', '""')}"`;
        const once = normalizeName(quoted, { dialect });
        expect(normalizeName(once, { dialect })).toBe(once);
        // Unquoted, ASCII letters alone fold: it is what the quoted form of the folded text is.
        if (!/^[\p{L}_][\p{L}\d_$]*$/u.test(identifier)) return;
        const folded = identifier.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
        expect(normalizeName(identifier, { dialect })).toBe(normalizeName(`"${folded}"`, { dialect }));
      }),
    );
  });

  test('the nearest names are offered', () => {
    expect(nearestNames('evnets', ['events', 'visits', 'event_types'])[0]).toBe('events');
    expect(nearestNames('zzz', ['events'])).toEqual([]);
  });

  test('a table belongs to its schema', () => {
    expect(schemaOf('analytics.visits')).toBe('analytics.*');
    expect(schemaOf('"My.Schema".visits')).toBe('"My.Schema".*');
    expect(schemaOf('visits')).toBeUndefined();
    expect(schemaOf('analytics.*')).toBeUndefined();
    expect(schemaOf('dev.analytics.visits')).toBe('dev.analytics.*');
    expect(schemaOf('analytics."a.b"')).toBe('analytics.*');
    expect(schemaOf('"a.b"', 'public')).toBe('public.*');
    expect(schemaOf('visits', 'public')).toBe('public.*');
    expect(schemaOf('visits/acme.com', 'public')).toBe('public.*');
    expect(schemaOf('!fire/daily', 'public')).toBeUndefined();
  });
});

describe('keys', () => {
  test('are readable while short, and hashed when long', () => {
    expect(recordKey('giveway', undefined, 'analytics.visits')).toBe('giveway:analytics.visits');
    expect(recordKey('giveway', 'staging', 'events/acme')).toBe('giveway:staging:events/acme');
    const long = recordKey('giveway', undefined, 'ü'.repeat(127));
    expect(long).toMatch(/^giveway:[!-~]+~[0-9a-f]{64}$/);
    expect(long.length).toBeLessThanOrEqual(200);
    const alike = recordKey('giveway', undefined, long.slice('giveway:'.length));
    expect(alike).toMatch(/^giveway:[!-~]+~[0-9a-f]{64}$/);
    expect(alike).not.toBe(long);
  });

  test('are printable ASCII, and different for different names', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 250 }), (name) => {
        const key = recordKey('giveway', undefined, name);
        expect(key).toMatch(/^giveway:[!-~]{1,192}$/);
        expect(key.slice('giveway:'.length)).not.toContain(':');
        expect(seen.get(key) ?? name).toBe(name);
        seen.set(key, name);
        expect(resourceOfKey('giveway:', key) ?? name).toBe(name);
      }),
    );
  });
});

describe('scopes', () => {
  test('a string or a list means writes', () => {
    expect(scoped('events')).toEqual({ writes: ['events'], appends: [], reads: [] });
    expect(scoped(['visits', 'Events', 'public.events'])).toEqual({ writes: ['events', 'visits'], appends: [], reads: [] });
  });

  test.each([
    [{ writes: 'events', reads: 'Events' }],
    [{ appends: ['a'], reads: ['b', 'a'] }],
    [{}],
    [[]],
    [{ wirtes: 'events' }],
    [{ writes: 7 }],
    [null],
    [7],
    [['events', 7]],
  ])('P11: %j is refused', (scope) => {
    expect(() => scoped(scope as never)).toThrow(InvalidOptionError);
  });

  test('needs are sorted by name; a table joins its schema only where that is listed', () => {
    const scope = scoped({ writes: 'b.t', appends: 'a.t', reads: 'a.u' });
    expect(needsOf(scope).map(({ resource, mode }) => `${resource} ${mode}`)).toEqual(['a.t append', 'a.u read', 'b.t write']);
    const listed = (resource: string): string | undefined => (resource.startsWith('a.') ? 'a.*' : undefined);
    expect(needsOf(scope, listed).map(({ resource, mode }) => `${resource} ${mode}`)).toEqual([
      'a.* append',
      'a.t append',
      'a.u read',
      'b.t write',
    ]);
  });
});
