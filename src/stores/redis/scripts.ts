/**
 * What runs inside Redis: each script is one request and one atomic step, on one key. One that writes and is sent twice (clients
 * do that when a connection breaks) sees that it was already done.
 *
 * Which state is meant is told by how the text begins, an id that no other write has, and by how long it is in bytes, since
 * appends make it longer and keep the id.
 *
 * Sent in full with EVAL: the server knows them after the first time, and EVALSHA would save the client nothing (measured: 19.1 and
 * 18.8 µs a pair) and cost one more request after every restart. `pcall`: a user who may not publish can still lock.
 */

const isAt = (mark: string, bytes: string): string =>
  `found and #found == tonumber(${bytes}) and string.sub(found, 1, #${mark}) == ${mark}`;

/** A channel tells everybody, also those who wait for something else: a text longer than this is read by those who need it. */
const longestAnnounced = 8_000;

/** `KEYS[1]` key; `ARGV[1]` text, `[2]` ttlMs. The very command, and its reply, through a script: whether this user may run any is seen by it. */
export const createScript: string = `return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX')`;

/** `KEYS[1]` key; `ARGV[1]` mark, `[2]` bytes, `[3]` next text, `[4]` ttlMs, `[5]` channel, `[6]` the key's name on it. 1: written. */
export const replaceScript: string = `
local found = redis.call('GET', KEYS[1])
if found == ARGV[3] then return 1 end
if not (${isAt('ARGV[1]', 'ARGV[2]')}) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
if #ARGV[3] <= ${longestAnnounced} then redis.pcall('PUBLISH', ARGV[5], ARGV[6] .. '\\n' .. ARGV[3]) end
redis.pcall('PUBLISH', ARGV[5], ARGV[6])
return 1`;

/** `KEYS[1]` key; `ARGV[1]` mark, `[2]` bytes, `[3]` channel, `[4]` the key's name on it. 1: removed. The second of two sends says 0. */
export const removeScript: string = `
local found = redis.call('GET', KEYS[1])
if not (${isAt('ARGV[1]', 'ARGV[2]')}) then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('PUBLISH', ARGV[3], ARGV[4])
return 1`;

/**
 * `KEYS[1]` key; `ARGV[1]` mark, `[2]` bytes, `[3]` text to add, `[4]` bytes afterwards. 1: added. `SET` with `KEEPTTL`, since a
 * user who may do what the other scripts do need not be allowed `APPEND`.
 */
export const appendScript: string = `
local found = redis.call('GET', KEYS[1])
if ${isAt('ARGV[1]', 'ARGV[4]')} and string.sub(found, -#ARGV[3]) == ARGV[3] then return 1 end
if not (${isAt('ARGV[1]', 'ARGV[2]')}) then return 0 end
redis.call('SET', KEYS[1], found .. ARGV[3], 'KEEPTTL')
return 1`;
