"""Takes one table again and again: worker.py STORE TABLE TURNS HOLD_MS FOLDER. Tells each step as a line of JSON."""
import json, os, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/python"))
sys.dont_write_bytecode = True  # examples are packed as they are
import giveway

store, table, turns, hold_ms, folder = sys.argv[1:]
namespace = os.environ["NAMESPACE"]


def tell(what, **more):
    print(json.dumps({"what": what, "at": time.time_ns() // 1_000_000, **more}), flush=True)


def open_store():
    if store.startswith("redis:"):
        import redis
        return giveway.RedisStore(redis.Redis.from_url(store))
    import pymemcache
    host, port = store.split(":")
    return giveway.MemcachedStore(pymemcache.Client((host, int(port)), timeout=5))


def turn(lock):
    """One at a time, or the file is there already, or a count is lost."""
    inside, count = os.path.join(folder, "inside"), os.path.join(folder, "count")
    try:
        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        tell("overlap")
    with open(count) as file:
        before = int(file.read())
    end = time.monotonic() + int(hold_ms) / 1_000
    while time.monotonic() < end:
        time.sleep(min(lock.me["ttlMs"] / 3_000, max(0, end - time.monotonic())))
        if time.monotonic() < end and not lock.renew():
            tell("lost")
    with open(count, "w") as file:
        file.write(str(before + 1))
    try:
        os.unlink(inside)
    except FileNotFoundError:
        tell("overlap")


locker = giveway.Locker(open_store(), namespace=namespace, job="python")
tell("ready")
sys.stdin.readline()
longest = 0
for _ in range(int(turns)):
    asked = time.monotonic()
    lock = locker.lock(table, ttl_ms=int(os.environ["TTL_MS"]), max_wait_ms=60_000, pause_ms=20)
    longest = max(longest, time.monotonic() - asked)
    if lock is None:
        tell("busy")
        sys.exit(1)
    turn(lock)
    if not lock.unlock():
        tell("lost")
tell("end", longestMs=round(longest * 1_000))
