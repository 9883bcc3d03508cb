"""Write locks that giveway's own workers respect, on Memcached (pymemcache) or Redis (redis-py): docs/record.md in code.

    locker = Locker(MemcachedStore(pymemcache.Client("127.0.0.1:11211")), job="rollup")
    lock = locker.lock("analytics.visits")  # None: busy for all of max_wait_ms
    ...                                     # lock.renew() each third of ttl_ms; False: it is lost, stop
    lock.unlock()

Nothing renews by itself, names are plain, Memcached is one server. Errors of the client go to the caller; whether
a lock was taken then, nobody knows: it ends with its TTL.
"""
import hashlib, json, math, os, re, secrets, socket, time

SKEW_MS = 2_000  # so far the clocks of two hosts may be apart
GRANT_MS = 1_000  # so long one that was let in may take to notice, beside its pause
MOST = 256  # holders, and as many who wait
LATEST_MS = 8.64e15  # the last moment that JavaScript can show
PLAIN = re.compile(r"((?:[a-z_][a-z0-9_$]{0,62}\.){0,2}(?:[a-z_][a-z0-9_$]{0,62}|(?<=\.)\*))((?:/[a-z0-9_.-]+)*)")

def resource_of(name, default_schema="public"):
    """What a plain name means. Quotes, blanks and letters beyond ASCII are refused, never guessed."""
    match = PLAIN.fullmatch(name.lower()) if name.isascii() and len(name) <= 255 else None
    if match is None:
        raise ValueError(f"name: received {name!r}; letters, digits, _ and $, dots between, and /tenant are allowed")
    schema, _, table = match[1].partition(".")
    return (table if schema == default_schema and re.fullmatch(r"[^.*]+", table) else match[1]) + match[2]

def record_key(namespace, environment, resource):
    escaped = re.sub("[^!-~]+|[%:]", lambda text: "".join(f"%{byte:02x}" for byte in text[0].encode()), resource)
    key = ":".join(part for part in (namespace, environment, escaped) if part is not None)
    return key if len(key) <= 200 and key[-65:-64] != "~" else f"{key[:135]}~{hashlib.sha256(key.encode()).hexdigest()}"

def dumps(value): return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

def encode(record):
    return "\n".join(map(dumps, [{field: record[field] for field in record if field != "line"}, *record["line"]]))

def decode(text):
    """None: garbage, or of a later version. Then it is busy, and nobody touches it."""
    try:
        head, *added = map(json.loads, text.split("\n"))
        line, gone = {}, {entry["gone"] for entry in added if isinstance(entry.get("gone"), str)}
        for entry in added:
            if isinstance(entry.get("gone"), str): continue
            check(entry, [], [], [entry["pauseMs"], entry["maxWaitMs"], entry.get("maxHoldMs", 0)])
            line.setdefault(entry["token"], entry)
        for holder in head["holders"]:
            check(holder, [holder["beat"]], [holder["until"], holder.get("latestEnd", 0)], [holder.get("guessMs", 0)])
        if not all(map(is_number, [head["v"], head.get("at", 0)])) or head["v"] != 1 or abs(head.get("at", 0)) > LATEST_MS:
            return None
        return {**head, "line": [entry for token, entry in line.items() if token not in gone]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None

def check(entry, numbers, dates, durations):
    durations, dates = [entry["ttlMs"], entry.get("usualMs", 0), *durations], [entry["since"], *dates]
    texts = [entry["token"], entry["host"], entry.get("job", "")]
    if not (all(map(is_number, [entry["pid"], entry.get("limit", 0), *numbers, *dates, *durations]))
            and all(abs(date) <= LATEST_MS for date in dates) and all(0 <= each <= LATEST_MS for each in durations)
            and all(isinstance(text, str) for text in texts) and entry["mode"] in ("write", "append", "read")):
        raise ValueError("not an entry")

def is_number(value): return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

def may_append(record):
    return bool(record["holders"]) and all(h.get("line") is True for h in record["holders"]) and len(record["line"]) < MOST

def shift_of(record, now):
    """How far our clock is ahead of the record's, as far as that is proved; 0 for clocks that are near."""
    at = record.get("at", now)
    longest = max([0, *(holder["until"] - at for holder in record["holders"])])
    return now - at if not -SKEW_MS <= now - at <= longest + SKEW_MS + 3_000 else 0

def within(date): return max(-LATEST_MS, min(date, LATEST_MS))

def shifted(entry, by, *fields): return {**entry, **{field: within(entry[field] + by) for field in fields if field in entry}}

def live(record, mine, host, now):
    """The others that count, with their times on our clock."""
    shift, others = shift_of(record, now), [holder for holder in record["holders"] if holder["token"] not in mine]
    if len(record["holders"]) > 1 or (others and others[0].get("minHold")):
        slack = lambda other: 0 if other.get("minHold") and other["host"] == host else SKEW_MS
        others = [other for other in others if other["until"] + slack(other) > now - shift]
    return [shifted(other, shift, "until", "latestEnd") for other in others]

def waiting_in(record, mine, now):
    shift = shift_of(record, now)
    stays = lambda entry: entry["token"] not in mine and now - shift <= entry["since"] + entry["maxWaitMs"] + SKEW_MS
    return [shifted(entry, shift, "since") for entry in record["line"] if stays(entry)]

def fits(holders, entry):
    places = min([MOST, *(each.get("limit", MOST) for each in [entry, *holders])])
    shares = entry["mode"] != "write" and all(holder["mode"] == entry["mode"] for holder in holders)
    return not holders or (shares and len(holders) < places)

def granted(entry, now):
    """The entry of one whose turn it is: short, until it confirms it itself."""
    kept = {field: value for field, value in entry.items() if field not in ("pauseMs", "maxWaitMs", "maxHoldMs")}
    life = min(GRANT_MS + entry["pauseMs"], entry["ttlMs"])
    end = now + entry.get("maxHoldMs", math.inf)
    return {**kept, **({"latestEnd": end} if end <= LATEST_MS else {}), "since": now, "ttlMs": life, "until": within(now + life), "beat": 0, "line": True}

def grant_next(holders, line, now, me=None):
    if not line or not fits(holders, line[0]): return holders, line
    inside, rest = list(holders), []
    for entry in line:
        if entry["mode"] != line[0]["mode"] or not fits(inside, entry): rest.append(entry)
        else: inside.append(me if me and entry["token"] == me["token"] else granted(entry, now))
    return inside, rest

def change(holders, line, now, me=None):
    def life(holder):
        is_fresh = holder is me or holder["until"] == now + holder["ttlMs"]
        return min(holder["until"] - now, holder["ttlMs"]) + (0 if is_fresh else SKEW_MS)
    return {"record": {"v": 1, "at": now, "holders": holders, "line": line}, "ttlMs": max([1, *map(life, holders)])}

def holds(record, token):
    return any(holder["token"] == token and not holder.get("minHold") for holder in (record or {"holders": []})["holders"])

def admit(found, me, now, mine=()):
    """May `me` enter the record that was found?"""
    if found is None: return {"granted": True, **change([me], [], now, me)}
    others, line = live(found, {me["token"], *mine}, me["host"], now), waiting_in(found, {*mine} - {me["token"]}, now)
    tokens = [entry["token"] for entry in line]
    if holds(found, me["token"]) or (not line and fits(others, me)):
        left = [entry for entry in line if entry["token"] != me["token"]]
        return {"granted": True, **change(*grant_next([*others, me], left, now, me), now, me)}
    inside, rest = grant_next(others, line, now, me)
    write = None if inside is others else change(inside, rest, now, me)
    if any(holder is me for holder in inside): return {"granted": True, **write}
    ahead = line[:tokens.index(me["token"])] if me["token"] in tokens else line
    return {"granted": False, "blockers": [] if fits(others, me) else others, "ahead": ahead, "overdue": write}

def depart(found, me, now, min_hold_until=0, again=None):
    """What to do with a record so that `me` is in it no more."""
    if not holds(found, me["token"]): return {"act": "none"}
    others, line = live(found, {me["token"]}, me["host"], now), waiting_in(found, {me["token"]}, now)
    line = [*line, again] if again else line
    if min_hold_until > now:
        mark = {**me, "ttlMs": min_hold_until - now, "until": min_hold_until, "beat": me["beat"] + 1, "minHold": True}
        return {"act": "write", **change([*others, mark], line, now, mark)}
    inside, rest = grant_next(others, line, now)
    return {"act": "write", **change(inside, rest, now)} if inside or rest else {"act": "remove"}

def exptime(ttl_ms):
    return math.ceil(ttl_ms / 1_000) + 2  # one for memcached's tick of a second, one for a tick that it sometimes skips

class MemcachedStore:
    """Over one pymemcache.Client. A version: the CAS number, the connection on which it means something, the text."""
    def __init__(self, client): self.client = client
    def read(self, key):
        text, cas = self.client.gets(key)
        return text and (text.decode(), (int(cas), self.client.sock, text.decode()))
    def create(self, key, text, ttl_ms): return self._store(key, text, text, f"T{exptime(ttl_ms)} ME")
    def replace(self, key, text, version, ttl_ms):
        return self._at(key, version, lambda cas: self._store(key, text, text, f"T{exptime(ttl_ms)} C{cas}"))
    def append(self, key, added, version):
        return self._at(key, version, lambda cas: self._store(key, added, version[2] + added, f"MA C{cas}"))
    def remove(self, key, version):
        return bool(self._at(key, version, lambda cas: self._says(f"md {key} C{cas}", "")))
    def _at(self, key, version, write):
        if self.client.sock is not version[1]:  # CAS numbers start again with the server, so the text is compared first
            found = self.read(key)
            version = found[1] if found and found[0] == version[2] else (None,)
        return write(version[0]) if version[0] else None
    def _store(self, key, data, whole, flags):
        return self._says(f"ms {key} {len(data.encode())} {flags} c\r\n{data}", whole)
    def _says(self, command, whole):
        code, *flags = self.client.raw_command(command.encode()).decode().split()
        if code not in ("HD", "NS", "EX", "NF"): raise RuntimeError(f"memcached answered {code} {flags}")
        return (int((flags or ["c0"])[0][1:]), self.client.sock, whole) if code == "HD" else None

AT = """local found = redis.call('GET', KEYS[1])
if not found or #found ~= tonumber(ARGV[2]) or string.sub(found, 1, #ARGV[1]) ~= ARGV[1] then return 0 end """
TELL = "redis.pcall('PUBLISH', ARGV[3], ARGV[4]) return 1"
WHOLE = "if #ARGV[5] <= 8000 then redis.pcall('PUBLISH', ARGV[3], ARGV[4] .. '\\n' .. ARGV[5]) end "
REPLACE = AT + "redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6]) " + WHOLE + TELL
REMOVE = AT + "redis.call('DEL', KEYS[1]) " + TELL
APPEND = AT + "redis.call('SET', KEYS[1], found .. ARGV[5], 'KEEPTTL') return 1"

def parts_of(stored):
    """The id of the write and the text; of what is not ours, all of it is both."""
    return (stored[:22], stored[23:]) if re.match("[A-Za-z0-9_-]{22} ", stored) else (stored, stored)

class RedisStore:
    """Over a redis.Redis that answers bytes. A version: the id of the write, and how many bytes all of it has."""
    def __init__(self, client, prefix=""): self.client, self.prefix = client, prefix
    def read(self, key):
        found = self.client.get(self.prefix + key)
        return found and (parts_of(found.decode())[1], (parts_of(found.decode())[0], len(found)))
    def create(self, key, text, ttl_ms):
        return self._new(text, lambda new: self.client.set(self.prefix + key, new, px=math.ceil(ttl_ms), nx=True))
    def replace(self, key, text, version, ttl_ms):
        return self._new(text, lambda new: self._eval(REPLACE, key, version, new, math.ceil(ttl_ms)))
    def append(self, key, added, version):
        return (version[0], version[1] + len(added.encode())) if self._eval(APPEND, key, version, added) else None
    def remove(self, key, version): return bool(self._eval(REMOVE, key, version))
    def _new(self, text, write):
        new = f"{secrets.token_urlsafe(16)} {text}"
        return (new[:22], len(new.encode())) if write(new) else None
    def _eval(self, script, key, version, *more):
        return self.client.eval(script, 1, self.prefix + key, *version, self.prefix + "giveway:changed", key, *more)

def clocks(): return time.monotonic() * 1_000, time.time_ns() // 1_000_000

class Locker:
    def __init__(self, store, namespace="giveway", environment=None, job=None, host=None):
        self.store, self.usual, self.key_of = store, {}, lambda name: record_key(namespace, environment, resource_of(name))
        self.who = {"host": host or socket.gethostname(), "pid": os.getpid(), **({"job": job} if job else {})}

    def lock(self, name, mode="write", ttl_ms=30_000, max_hold_ms=300_000, max_wait_ms=10_000, pause_ms=50):
        """Tries, in line where the record allows it, until max_wait_ms have passed: then None."""
        key, token, found, before = self.key_of(name), None, None, None
        last, lined = clocks()[0] + max_wait_ms, False
        while True:
            sent = clocks()
            now, token = sent[1], token or secrets.token_hex(16)
            usual = {"usualMs": self.usual[key]} if key in self.usual else {}
            asks = {"token": token, "mode": mode, **self.who, "since": now, "ttlMs": ttl_ms, **usual}
            me = {**asks, "latestEnd": now + max_hold_ms, "until": now + ttl_ms, "beat": 1, "line": True}
            if found is None:
                record = admit(None, me, now)["record"]
                version = self.store.create(key, encode(record), ttl_ms)
                if version: return Lock(self, key, me, record, version, sent)
            found = self.store.read(key)
            record = found and decode(found[0])
            if found is None:
                token, lined = None if lined else token, False  # a line ends with its key
                continue
            if lined and holds(record, token):  # somebody let us in, for a short time: it is confirmed at once
                entry = next(holder for holder in record["holders"] if holder["token"] == token)
                lock = Lock(self, key, {**entry, "ttlMs": ttl_ms}, record, found[1], sent)
                if lock.renew(): return lock
                token, lined = None, False
                continue
            lined = lined and bool(record) and any(entry["token"] == token for entry in record["line"])
            may = admit(record, me, now) if record else {"granted": False, "overdue": None}
            write = may if may["granted"] else may["overdue"] if record == before else None
            if write:
                version = self.store.replace(key, encode(write["record"]), found[1], write["ttlMs"])
                if version and may["granted"]: return Lock(self, key, me, write["record"], version, sent)
            elif sent[0] >= last:
                if not lined or self.store.append(key, "\n" + dumps({"gone": token}), found[1]): return None
            elif record and not lined and may_append(record):
                waits = {**asks, "since": now - shift_of(record, now), "maxHoldMs": max_hold_ms, "maxWaitMs": max_wait_ms}
                lined = bool(self.store.append(key, "\n" + dumps({**waits, "pauseMs": pause_ms}), found[1]))
            else:
                before = record
                time.sleep(pause_ms / 1_000)

class Lock:
    def __init__(self, locker, key, me, record, version, sent):
        self.store, self.usual, self.key = locker.store, locker.usual, key
        self.me, self.record, self.version, self.began, self.confirmed = me, record, version, clocks()[0], sent

    def remaining_ms(self):
        """By the clock that is further ahead, since a suspended machine stops one of them."""
        return self.me["ttlMs"] - max(now - then for now, then in zip(clocks(), self.confirmed))

    def renew(self):
        """Begins ttl_ms anew. False: it is lost."""
        while self.remaining_ms() > 0:
            sent = clocks()
            me = {**self.me, "until": sent[1] + self.me["ttlMs"], "beat": self.me["beat"] + 1}
            write = admit(self.record, me, sent[1])
            version = self.store.replace(self.key, encode(write["record"]), self.version, write["ttlMs"])
            if version:
                self.me, self.record, self.version, self.confirmed = me, write["record"], version, sent
                return True
            if not self._look(): break
        return False

    def unlock(self):
        """Lets go, and lets in whoever is first in line. False: it was no longer ours."""
        took = clocks()[0] - self.began
        self.usual[self.key] = max(1, round(self.usual.get(self.key, took) * 0.75 + took * 0.25))
        while True:
            left = depart(self.record, self.me, clocks()[1])
            if left["act"] == "none": return False
            if left["act"] == "remove": done = self.store.remove(self.key, self.version)
            else: done = self.store.replace(self.key, encode(left["record"]), self.version, left["ttlMs"])
            if done or not self._look(): return bool(done)

    def _look(self):
        found = self.store.read(self.key)
        self.record, self.version = (decode(found[0]), found[1]) if found else (None, None)
        return holds(self.record, self.me["token"])
