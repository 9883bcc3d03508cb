import { hostsOf } from '../../config/store-url.ts';
import { slotHoldMs } from '../../jobs/fires.ts';
import { printable } from '../../lock/holder.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { placeOf } from '../../stores/memcached/placement.ts';
import { addressOf, converse, type Heard, unreachable } from './conversation.ts';
import { clockFinding, type Finding, type Patient } from './finding.ts';

type Stats = ReadonlyMap<string, string>;

/** memcached begins to count its uptime at 2. */
const uptimeAheadS = 2;

/** How long a fire of a schedule stays taken, with node-cron's second of tolerance; evicted, it runs twice. */
const fireHoldMs = slotHoldMs + 1_000;

/** The most that its own clock, which ticks once a second, may be behind. */
const tickMs = 1_000;

/** Asks every server of the list, in the text protocol. Never rejects. */
export async function diagnoseMemcached(patient: Patient): Promise<readonly Finding[]> {
  const hosts = hostsOf(patient.url, 11_211);
  const names = typeof hosts === 'string' ? [] : hosts;
  const findings = await Promise.all(names.map((name) => diagnoseServer(name, patient)));
  return [...findings.flat(), ...placementOf(names, patient)];
}

async function diagnoseServer(name: string, patient: Patient): Promise<readonly Finding[]> {
  const subject = `memcached ${name}`;
  const heard = await question(name, patient);
  const absent = unreachable(heard, patient.timeoutMs);
  if (absent !== undefined) return [{ level: 'fail', check: 'reachable', subject, ...absent }];
  if (!heard.text.startsWith('VERSION ')) return [strangerAt(subject, heard, patient)];
  const stats = statsIn(heard.text);
  return [
    versionFinding(subject, stats, patient),
    casFinding(subject, stats),
    evictionFinding(subject, stats, patient.longestTtlMs),
    uptimeFinding(subject, stats, patient.longestTtlMs),
    ...(stats.has('time')
      ? [clockFinding(subject, Number(stats.get('time')) * 1_000 + tickMs - heard.middleWallMs, tickMs + heard.roundTripMs / 2)]
      : []),
  ];
}

const questions = 'version\r\nstats\r\nstats items\r\nstats settings\r\nquit\r\n';
const isLocked = ({ text }: Heard): boolean => /^CLIENT_ERROR (unauthenticated|authentication)/.test(text);

/** Text commands are what the meta protocol is made of; TLS goes with it alone. */
function speaksText({ url }: Patient): boolean {
  return url.scheme === 'memcacheds' || url.parameters.get('protocol') === 'meta';
}

/** Only a server that asks for the credentials gets them, as by the store: any other would keep them under that key. */
async function question(name: string, patient: Patient): Promise<Heard> {
  const { url, timeoutMs } = patient;
  const address = { ...addressOf(name), isTls: url.scheme === 'memcacheds' };
  const heard = await converse(address, questions, timeoutMs);
  if (!isLocked(heard) || url.password === undefined || !speaksText(patient)) return heard;
  const login = `${url.username} ${url.password}`;
  const answer = await converse(address, `set giveway 0 -1 ${Buffer.byteLength(login)}\r\n${login}\r\n${questions}`, timeoutMs);
  return { ...answer, text: answer.text.replace(/^STORED\r\n/, '') };
}

function strangerAt(subject: string, heard: Heard, patient: Patient): Finding {
  const { text } = heard;
  const { url } = patient;
  if (isLocked(heard)) {
    const found =
      url.password !== undefined && speaksText(patient)
        ? 'it refuses user and password'
        : 'it asks for a password in the text protocol (-Y)';
    const remedy = 'Write user and password of its authentication file into the URL, with ?protocol=meta.';
    return { level: 'fail', check: 'protocol', subject, found, remedy };
  }
  if (/^[-+:$*]/.test(text)) {
    return {
      level: 'fail',
      check: 'protocol',
      subject,
      found: 'a Redis server answers there',
      remedy: 'Give the port of memcached, or name the store redis://host:port.',
    };
  }
  if (text === '' && url.username !== undefined) {
    return {
      level: 'warn',
      check: 'protocol',
      subject,
      found: 'it asks for SASL, and then speaks the binary protocol alone: its settings and counters cannot be seen from here',
      remedy: 'Look at `stats` and `stats settings` on the server itself: cas_enabled yes, evictions 0.',
    };
  }
  return {
    level: 'fail',
    check: 'protocol',
    subject,
    found: text === '' ? 'it hangs up without a word' : 'what answers there is not memcached',
    remedy:
      url.scheme === 'memcacheds'
        ? 'Correct host and port; where it asks for a certificate of ours, only a store function can give one.'
        : 'Correct host and port; where memcached asks for SASL, write user and password into the URL; where it speaks TLS, memcacheds://.',
  };
}

function versionFinding(subject: string, stats: Stats, patient: Patient): Finding {
  const version = stats.get('version') ?? 'unknown';
  const protocol = stats.get('binding_protocol') ?? 'unknown';
  const found = `memcached ${version}, protocol ${protocol}`;
  if (protocol !== 'ascii' || speaksText(patient)) return { level: 'ok', check: 'version', subject, found };
  return { level: 'fail', check: 'version', subject, found, remedy: 'Start it without -B ascii, or write ?protocol=meta into the URL.' };
}

function casFinding(subject: string, stats: Stats): Finding {
  if (stats.get('cas_enabled') !== 'no') return { level: 'ok', check: 'cas', subject, found: 'CAS numbers are given' };
  const remedy = 'Start memcached without -C: without CAS nobody can tell his own lock from a successor’s, so giveway takes none there.';
  return { level: 'fail', check: 'cas', subject, found: 'CAS numbers are turned off (-C)', remedy };
}

/** What an eviction does to a lock, how often it has happened, and whether it can. */
function evictionFinding(subject: string, stats: Stats, longestTtlMs: number): Finding {
  const neededS = Math.ceil(Math.max(longestTtlMs, fireHoldMs) / 1_000) + 3;
  const temporaryS = stats.get('temp_lru') === 'yes' ? Number(stats.get('temporary_ttl')) : 0;
  const evicted = Number(stats.get('evictions') ?? 0);
  const withTtl = [...stats].reduce((sum, [name, value]) => sum + (name.endsWith(':evicted_nonzero') ? Number(value) : 0), 0);
  const remedy = `Start memcached with -o temporary_ttl=${neededS} or more (keys with a TTL up to that are kept: locks, and fires of schedules; more for a longer slotHoldMs), or give locks a small server of their own.`;
  const base = { check: 'eviction', subject };
  if (stats.get('evictions_setting') === 'off') {
    const found = 'evicts nothing (-M); when full, it refuses new locks, which giveway treats as a store that is down';
    return { level: 'ok', ...base, found };
  }
  if (temporaryS >= neededS) return { level: 'ok', ...base, found: `locks cannot be evicted (temporary_ttl ${temporaryS} s)` };
  if (evicted > 0) {
    return {
      level: 'warn',
      ...base,
      found: `${evicted} evictions since it started, ${withTtl} of them of keys whose TTL was not over: a lock can be among them`,
      remedy,
    };
  }
  const memory = Number(stats.get('maxbytes') ?? 0) / 2 ** 20;
  return { level: 'ok', ...base, found: `none so far; a full server (${memory} MB) would evict locks too. ${remedy}` };
}

function uptimeFinding(subject: string, stats: Stats, longestTtlMs: number): Finding {
  const upMs = Math.max(0, Number(stats.get('uptime')) - uptimeAheadS) * 1_000;
  if (upMs >= longestTtlMs) return { level: 'ok', check: 'uptime', subject, found: `up for ${shortly(upMs)}` };
  return {
    level: 'warn',
    check: 'uptime',
    subject,
    found: `restarted ${shortly(upMs)} ago, less than the longest TTL (${shortly(longestTtlMs)}): it has forgotten its locks, and holders may not know yet`,
    remedy: `Wait ${shortly(longestTtlMs - upMs)} more. With ?quarantine=true in the store's URL, giveway grants nothing there meanwhile.`,
  };
}

/** Which server keeps which lock, by the hash that all workers share. */
function placementOf(names: readonly string[], { resources, keyOf }: Patient): readonly Finding[] {
  if (names.length < 2) return [];
  const servers = names.map((name) => ({ name }));
  const shares = servers.map((server) => resources.filter((resource) => placeOf(keyOf(resource), servers) === server));
  const found = names.map((name, index) => `${name}: ${shares[index]?.join(', ') || 'none of the listed resources'}`).join('; ');
  const remedy = 'Every worker must name the same servers in the same words; there is no failover.';
  return [{ level: 'ok', check: 'placement', subject: 'memcached', found: `${found}. ${remedy}` }];
}

/** `STAT name value` lines. Two reports have a line `evictions`: a counter, and the setting that -M turns off. */
function statsIn(text: string): Stats {
  const stats = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^STAT (\S+) (.*?)\r?$/gm)) {
    stats.set(name === 'evictions' && /^o[nf]/.test(value) ? 'evictions_setting' : name, printable(value));
  }
  return stats;
}
