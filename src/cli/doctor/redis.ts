import { hostsOf, type StoreUrl } from '../../config/store-url.ts';
import { printable } from '../../lock/holder.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { addressOf, converse, unreachable } from './conversation.ts';
import { clockFinding, type Finding, type Patient } from './finding.ts';

type Facts = ReadonlyMap<string, string>;

/** Asks a Redis server with INFO and TIME. Never rejects. */
export async function diagnoseRedis({ url, timeoutMs, longestTtlMs }: Patient): Promise<readonly Finding[]> {
  const hosts = hostsOf(url, 6_379);
  const name = (typeof hosts === 'string' ? undefined : hosts[0]) ?? 'localhost:6379';
  const subject = `redis ${name}`;
  const heard = await converse({ ...addressOf(name), isTls: url.scheme === 'rediss' }, requestFor(url), timeoutMs);
  const absent = unreachable(heard, timeoutMs);
  if (absent !== undefined) return [{ level: 'fail', check: 'reachable', subject, ...absent }];
  const { text } = heard;
  if (/^-(?:NOAUTH|WRONGPASS)/m.test(text)) {
    const remedy = 'Write user and password into the URL.';
    return [{ level: 'fail', check: 'protocol', subject, found: 'it refuses us (NOAUTH or WRONGPASS)', remedy }];
  }
  const facts = new Map(Array.from(text.matchAll(/^([a-z_]+):(.*?)\r?$/gm), ([, key = '', value = '']) => [key, printable(value)]));
  if (!facts.has('redis_version') && /^-NOPERM/m.test(text)) {
    // A worker needs no INFO: whether locks work is seen by using them.
    const found = 'this user may not ask for INFO: version, role, evictions and uptime cannot be seen';
    return [{ level: 'warn', check: 'protocol', subject, found, remedy: 'Give the user +info and +time, or name another one to doctor.' }];
  }
  if (!facts.has('redis_version')) {
    return [
      {
        level: 'fail',
        check: 'protocol',
        subject,
        found: 'what answers there is not Redis',
        remedy: 'Correct host and port, or the kind of store.',
      },
    ];
  }
  return [
    versionFinding(subject, facts),
    roleFinding(subject, facts),
    evictionFinding(subject, facts),
    restartFinding(subject, facts, longestTtlMs),
    ...clockIn(subject, text, heard.middleWallMs, heard.roundTripMs),
  ];
}

function requestFor({ username, password }: StoreUrl): string {
  const login = password === undefined ? [] : [['AUTH', ...(username === undefined ? [] : [username]), password]];
  const words = [...login, ['TIME'], ['INFO'], ['QUIT']];
  return words
    .map((command) => `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`)
    .join('');
}

function versionFinding(subject: string, facts: Facts): Finding {
  const version = facts.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const base = {
    check: 'version',
    subject,
    found: `${facts.has('valkey_version') ? 'Valkey, compatible with Redis' : 'Redis'} ${version}`,
  };
  if (major > 6 || (major === 6 && minor >= 2)) return { level: 'ok', ...base };
  return { level: 'fail', ...base, remedy: 'giveway needs Redis 6.2 or later, or Valkey.' };
}

function roleFinding(subject: string, facts: Facts): Finding {
  if (facts.get('role') !== 'slave')
    return { level: 'ok', check: 'role', subject, found: `a primary, ${facts.get('connected_slaves') ?? 0} replicas` };
  return {
    level: 'fail',
    check: 'role',
    subject,
    found: 'a replica: it takes no locks',
    remedy: 'Name the primary, or use Sentinel through a client of your own.',
  };
}

function evictionFinding(subject: string, facts: Facts): Finding {
  const policy = facts.get('maxmemory_policy') ?? 'unknown';
  const evicted = Number(facts.get('evicted_keys') ?? 0);
  const base = { check: 'eviction', subject, found: `maxmemory-policy ${policy}, ${evicted} keys evicted so far` };
  const isSafe = policy === 'noeviction' || facts.get('maxmemory') === '0';
  if (isSafe && evicted === 0) return { level: 'ok', ...base };
  return { level: 'warn', ...base, remedy: 'Set maxmemory-policy noeviction: every lock has a TTL, so all other policies may evict one.' };
}

function restartFinding(subject: string, facts: Facts, longestTtlMs: number): Finding {
  const upMs = Number(facts.get('uptime_in_seconds') ?? 0) * 1_000;
  const isKept = facts.get('aof_enabled') === '1';
  const found = `up for ${shortly(upMs)}; ${isKept ? 'locks are in the append-only file' : 'a restart forgets every lock'}`;
  if (isKept || upMs >= longestTtlMs) return { level: 'ok', check: 'uptime', subject, found };
  const remedy = `Its locks may be forgotten while holders believe in them: wait ${shortly(longestTtlMs - upMs)} more. appendonly yes prevents it.`;
  return { level: 'warn', check: 'uptime', subject, found, remedy };
}

function clockIn(subject: string, text: string, middleWallMs: number, roundTripMs: number): readonly Finding[] {
  const [, seconds, microseconds] = /\*2\r\n\$\d+\r\n(\d+)\r\n\$\d+\r\n(\d+)\r\n/.exec(text) ?? [];
  if (seconds === undefined) return [];
  return [clockFinding(subject, Number(seconds) * 1_000 + Number(microseconds) / 1_000 - middleWallMs, roundTripMs / 2)];
}
