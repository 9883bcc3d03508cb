/**
 * What runs inside Redis: each script is one request and one atomic step, on one key. One that writes and is sent twice (clients
 * do that when a connection breaks) sees that it was already done.
 *
 * Which state is meant is told by how the text begins, an id that no other write has, and by how long it is in bytes, since
 * appends make it longer and keep the id.
 *
 * `pcall`: a user who may not publish can still lock.
 */

const isAt = (mark: string, bytes: string): string =>
  `found and #found == tonumber(${bytes}) and string.sub(found, 1, #${mark}) == ${mark}`;

/** A channel tells everybody, also those who wait for something else: a text longer than this is read by those who need it. */
const longestAnnounced = 8_000;

/** Tells `ARGV[5]` that `text` stands under `ARGV[6]`. */
const announce = (text: string): string => `
if #${text} <= ${longestAnnounced} then redis.pcall('PUBLISH', ARGV[5], ARGV[6] .. '\\n' .. ${text}) end
redis.pcall('PUBLISH', ARGV[5], ARGV[6])`;

/**
 * `fence`: the server's time in microseconds, but more than the last one, and than that of the text found. The last one is kept under
 * `KEYS[2]`; a cluster has none, since it would be in another slot.
 */
const drawFence = `
local time = redis.call('TIME')
local fence = time[1] * 1000000 + time[2]
if KEYS[2] then fence = math.max(fence, (tonumber(redis.call('GET', KEYS[2]) or '0') or 0) + 1) end
local seen = found and string.match(found, '^(%d+)%-')
if seen and #seen == 16 then fence = math.max(fence, tonumber(seen) + 1) end
fence = string.format('%016.0f', fence)
if KEYS[2] then redis.call('SET', KEYS[2], fence) end`;

/** `KEYS[1]` key; `ARGV[1]` text, `[2]` ttlMs. The very command, and its reply, through a script: whether this user may run any is seen by it. */
export const createScript: string = `return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX')`;

/** `KEYS[1]` key; `ARGV[1]` mark, `[2]` bytes, `[3]` next text, `[4]` ttlMs, `[5]` channel, `[6]` the key's name on it. 1: written. */
export const replaceScript: string = `
local found = redis.call('GET', KEYS[1])
if found == ARGV[3] then return 1 end
if not (${isAt('ARGV[1]', 'ARGV[2]')}) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
${announce('ARGV[3]')}
return 1`;

/** `KEYS[1]` key, perhaps `[2]` the last fence; `ARGV[1]` text behind the fence, `[2]` ttlMs. The fence, or nothing: the key is taken, perhaps by something else. */
export const createFencedScript: string = `
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'table' and not string.find(found.err, 'WRONGTYPE', 1, true) then return found end
if found then return false end
${drawFence}
redis.call('SET', KEYS[1], fence .. ARGV[1], 'PX', ARGV[2])
return fence`;

/** As `replaceScript`, but `ARGV[3]` is the text behind the fence, and `KEYS[2]` perhaps the last one. The fence, or nothing: not written. */
export const replaceFencedScript: string = `
local found = redis.call('GET', KEYS[1])
if found and string.sub(found, 17) == ARGV[3] then return string.sub(found, 1, 16) end
if not (${isAt('ARGV[1]', 'ARGV[2]')}) then return false end
${drawFence}
local text = fence .. ARGV[3]
redis.call('SET', KEYS[1], text, 'PX', ARGV[4])
${announce('text')}
return fence`;

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
