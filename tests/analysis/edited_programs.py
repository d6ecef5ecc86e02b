"""Programs with a failure, and what their authors might make of them: edits that change nothing, fixes, half fixes, other failures."""

CHANCES = """from crossroads import chance, decide, mark


def main():
    route = decide("route", ["coast", "hills"])
    late = 0
    for day in range(4):
        mark("day")
        weather = chance("weather", ["calm", "storm"], weights=[0.8, 0.2])
        late += {"calm": 0, "storm": 2 if route == "coast" else 1}[weather]
    assert late < 4, f"late by {late} days"
"""

CHANCES_EDITED = {
    "as it was": (CHANCES, {"unchanged"}),
    "comments": ("# it sails\n\n\n" + CHANCES.replace("    late = 0\n", "    # days\n    late = 0\n"), {"unchanged"}),
    "options in another order": (CHANCES.replace('["coast", "hills"]', '["hills", "coast"]'), {"unchanged"}),
    "an option more": (CHANCES.replace('["coast", "hills"]', '["train", "coast", "hills"]'), {"unchanged", "reduced"}),
    "an option renamed": (CHANCES.replace('"coast"', '"sea"'), {"unchanged"}),
    "an earlier choice renamed": (CHANCES.replace('decide("route"', 'decide("way"'), {"unchanged"}),
    "the crossing renamed": (CHANCES.replace('chance("weather"', 'chance("sky"'), {"unchanged"}),
    "a choice more": (CHANCES.replace("    route", '    decide("boat", ["a", "b"])\n    route'), {"unchanged"}),
    "a mark less": (CHANCES.replace('        mark("day")\n', ""), {"unchanged"}),
    "in another function": (
        CHANCES.replace("def main", "def sail").replace('f"late by {late} days"', 'f"late by {late} days"\n\n\ndef main():\n    sail()'),
        {"unchanged"},
    ),
    "fixed": (CHANCES.replace("late < 4", "late < 40"), {"prevented"}),
    "fixed, and renamed": (CHANCES.replace("late < 4", "late < 40").replace('decide("route"', 'decide("way"'), {"prevented"}),
    "no chance any more": (CHANCES.replace('chance("weather", ["calm", "storm"], weights=[0.8, 0.2])', '"calm"'), {"gone"}),
    "half fixed: it takes two storms more": (CHANCES.replace("2 if route", "1 if route"), {"reduced"}),
    "half fixed: on one route alone": (
        CHANCES.replace("    assert", '    if route == "coast" and late == 4:\n        return\n    assert'),
        {"reduced"},
    ),
    "half fixed: by a retry": (
        CHANCES.replace("    assert", '    if late >= 4 and chance("retry", ["yes", "no"]) == "yes":\n        return\n    assert'),
        {"reduced"},
    ),
    "half fixed: rarer storms": (CHANCES.replace("[0.8, 0.2]", "[0.95, 0.05]"), {"reduced"}),
    "worse": (CHANCES.replace("[0.8, 0.2]", "[0.5, 0.5]"), {"worse"}),
    "another failure": (
        CHANCES.replace("late < 4", "late < 40").replace("    assert", '    if late >= 3:\n        raise KeyError("mast")\n    assert'),
        {"moved"},
    ),
    "another function": (CHANCES.replace("def main", "def other"), {"cannot tell"}),
    "no Python": (CHANCES + "\n)", {"cannot tell"}),
}

DRAWS = """import random


def main():
    position = 0
    for step in range(30):
        position += random.choice([-1, 1])
        if abs(position) >= 9:
            raise ValueError(f"over the edge at {step}")
"""

DRAWS_EDITED = {
    "as it was": (DRAWS, {"unchanged"}),
    "comments": ("# it walks\n" + DRAWS, {"unchanged"}),
    "fixed": (DRAWS.replace(">= 9", ">= 99"), {"prevented"}),
    "clamped": (DRAWS.replace("        if abs", "        position = max(-8, min(8, position))\n        if abs"), {"prevented"}),
    "half fixed: later": (DRAWS.replace(">= 9", ">= 11"), {"reduced"}),
    "half fixed: on one side": (DRAWS.replace("abs(position)", "position"), {"reduced"}),
    "draws more": (DRAWS.replace("position = 0", "position = random.randint(0, 1) * 0"), {"unchanged"}),
    "draws more, and fixed": (
        DRAWS.replace("position = 0", "position = random.randint(0, 1) * 0").replace(">= 9", ">= 99"),
        {"cannot tell"},
    ),
    "draws otherwise": (DRAWS.replace("random.choice([-1, 1])", "(-1 if random.random() < 0.5 else 1)"), {"unchanged"}),
    "draws otherwise, and fixed": (
        DRAWS.replace("random.choice([-1, 1])", "(-1 if random.random() < 0.5 else 1)").replace(">= 9", ">= 99"),
        {"cannot tell"},
    ),
}

RACE = """import asyncio


async def answer(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"ok " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(4):
        writer.write(b"%d\\n" % number)
        try:
            async with asyncio.timeout(0.01):
                got = await reader.readline()
        except TimeoutError:
            continue
        assert got == b"ok %d\\n" % number, f"asked {number}, got {got!r}"
    writer.close()
    server.close()
"""

NEW_CONNECTION = """            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
"""

RACE_FIXED = RACE.replace("            continue\n", NEW_CONNECTION)

HALF_OPEN = """            if number < 1:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            continue
"""

PAUSE = """            await asyncio.sleep(0.005)
            continue
"""

RACE_EDITED = {
    "as it was": (RACE, {"unchanged"}),
    "comments, and a function renamed": ("# asks\n\n" + RACE.replace("answer(", "serve(").replace("(answer,", "(serve,"), {"unchanged"}),
    "fixed": (RACE_FIXED, {"prevented", "gone"}),
    "no timeout": (RACE.replace("async with asyncio.timeout(0.01)", "if True"), {"gone"}),
    "half fixed: in the first alone": (RACE.replace("            continue\n", HALF_OPEN), {"reduced"}),
    "half fixed: it has longer": (RACE.replace("timeout(0.01)", "timeout(0.06)"), {"reduced", "unchanged"}),
    "half fixed: a pause": (RACE.replace("            continue\n", PAUSE), {"reduced", "unchanged", "worse"}),
    "another failure": (RACE_FIXED.replace("            continue\n", '            raise KeyError("late") from None\n'), {"moved"}),
}
