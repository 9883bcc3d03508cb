"""Runs the vectors of test/vectors on the reference: prints how many, and each that fails."""
import json, os, sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../examples/python"))
sys.dont_write_bytecode = True  # examples are packed as they are
import giveway

checked, failures = 0, []


def vectors(name):
    with open(os.path.join(here, f"../vectors/{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def check(title, seen, expected):
    global checked
    checked += 1
    if seen != expected:
        failures.append(f"{title}: {json.dumps(seen)} instead of {json.dumps(expected)}")


def resource_of(name, default_schema):
    try:
        return giveway.resource_of(name, default_schema)
    except ValueError:
        return None


names = vectors("names")
read = 0
for each in names["names"]:
    if "database" in each or "dialect" in each:
        continue
    seen = resource_of(each["name"], each.get("defaultSchema", "public"))
    read += seen is not None
    check(each["name"], seen, None if seen is None else each.get("resource"))  # it may refuse; it must not guess
check("some names are read", read >= 8, True)
for each in names["keys"]:
    check(each["resource"], giveway.record_key(each["namespace"], each.get("environment"), each["resource"]), each["key"])

for each in vectors("records")["texts"]:
    record = giveway.decode(each["text"])
    check(each["title"], record, each.get("record"))
    if record is not None:
        check(each["title"], giveway.may_append(record), each["mayAppend"])
        check(each["title"], giveway.decode(giveway.encode(record)), record)
for each in vectors("records")["lines"]:
    check(each["title"], "\n" + giveway.dumps(each["entry"]), each["text"])

for each in vectors("decisions")["decisions"]:
    seen = giveway.admit(each["found"], each["me"], each["nowMs"], each.get("mine", ()))
    if not seen["granted"]:
        seen = {**seen, **{field: [entry["token"] for entry in seen[field]] for field in ("blockers", "ahead")}}
    check(each["title"], seen, each["expect"])
for each in vectors("departures")["departures"]:
    seen = giveway.depart(each["found"], each["me"], each["nowMs"], each.get("minHoldUntilMs", 0), each.get("again"))
    check(each["title"], seen, each["expect"])

bounds = vectors("bounds")
for each in bounds["holders"]:
    found = {"v": 1, "at": each["nowMs"], "holders": [{**each["entry"], "token": str(n + 1)} for n in range(each["times"])], "line": []}
    check(f"beside {each['times']} holders", giveway.admit(found, each["me"], each["nowMs"], ())["granted"], each["granted"])
for each in bounds["lines"]:
    line = [{**each["entry"], "token": str(n + 1)} for n in range(each["times"])]
    check(f"behind {each['times']} in line", giveway.may_append({"v": 1, "holders": [each["holder"]], "line": line}), each["mayAppend"])

stores = vectors("stores")
for each in stores["memcached"]["exptimes"]:
    check(f"exptime {each['ttlMs']}", giveway.exptime(each["ttlMs"]), each["seconds"])
for each in stores["redis"]["texts"]:
    check(each["text"], list(giveway.parts_of(each["text"])), [each["mark"], each["value"]])

for failure in failures:
    print(failure)
print(f"{checked} checked, {len(failures)} failed")
sys.exit(1 if failures else 0)
