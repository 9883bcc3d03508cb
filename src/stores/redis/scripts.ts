/**
 * What runs inside Redis: each script is one request and one atomic step, on one key. A stored text begins with an id that no
 * other write has, so comparing texts compares writes, and a script that is sent twice (clients do that when a connection
 * breaks) sees that it was already done.
 *
 * Sent in full with EVAL: the server knows them after the first time, and the 200 bytes that EVALSHA saves would cost one more
 * request after every restart. `pcall`: a user who may not publish can still lock.
 */

/** `KEYS[1]` key; `ARGV[1]` text, `[2]` ttlMs. 1: written. */
export const createScript = `
local found = redis.call('GET', KEYS[1])
if found then return found == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** `KEYS[1]` key; `ARGV[1]` expected text, `[2]` next text, `[3]` ttlMs, `[4]` channel, `[5]` what to say on it. 1: written. */
export const replaceScript = `
local found = redis.call('GET', KEYS[1])
if found == ARGV[2] then return 1 end
if found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return 1`;

/** `KEYS[1]` key; `ARGV[1]` expected text, `[2]` channel, `[3]` what to say on it. 1: removed. The second of two sends says 0. */
export const removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1`;
