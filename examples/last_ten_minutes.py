"""The last ten minutes: an evening that can go wrong, and a traveller who can live it again.

A traveller stands at the door of a shelter, which seals in ten minutes, with a ring that takes its wearer back to the morning. Out in the
city the fighter holds off the general, with a strength that comes from the sun, and goes when the first missile colours the sky. Whoever
is still outside when the missiles fall, while nobody has put on the ring, is lost.

    crossroads run  examples/last_ten_minutes.py                   act one: where such evenings are decided, and when it is too late
    crossroads live examples/last_ten_minutes.py:with_memory       act two: the ring, worn by one who remembers
    crossroads live examples/last_ten_minutes.py:without_memory    act three: many who remember, and many who don't
"""

import asyncio
import random
from collections import Counter

from crossroads import chance, decide, go_back, mark

MINUTE = 60
DOORS_SEAL = 10
WAY = 2.2
"""Minutes from the shelter to the fight, at a run."""

FLIGHT = 6
"""Minutes from the first missile in the sky until they fall."""

SUNLIGHT = {"slowly": 1.5, "steadily": 2.0, "fast": 3.0}
"""What each minute adds to the sunlight, by how the clouds thin."""

STRONG_ENOUGH = 12
"""The sunlight with which the fighter beats the general."""

TRAVELLER, FIGHTER = "the traveller", "the fighter"
LOST, PREVENTED, AGAIN = "the traveller is lost", "the invasion is prevented", "the ring takes the traveller back"

GENERAL, MISSILES = "what the general waits for", "where the missiles come from"
"""All there is to learn. Who knows it in the morning can prevent the evening."""

THREE_WEEKS = 21
STORIES = 50


class FighterLost(Exception):
    """The fighter was in the blast; the traveller was inside, and can still put on the ring."""


class TravellerLost(Exception):
    """The traveller was in the blast."""


class Evening:
    """The last ten minutes, and what the traveller learns in them."""

    def __init__(self):
        self.minute = 0
        self.sunlight = 0.0
        self.sky_is_coloured = False
        self.distracted = False
        self.outside = [TRAVELLER, FIGHTER]
        self.learned = []

    async def pass_by(self, known=()):
        """Live through it, knowing some things already. Returns who put the ring on the traveller's finger, or None."""
        sky = asyncio.create_task(self.sky())
        self.duel = asyncio.create_task(self.fight())
        ring = await self.traveller(known)
        if ring is None:
            await sky
        if self.sky_is_coloured:
            self.learned.append(MISSILES)
        if ring is None and TRAVELLER in self.outside:
            raise TravellerLost("in the blast, without the ring")
        if ring is None and FIGHTER in self.outside:
            raise FighterLost("in the blast, without the ring")
        return ring

    async def sky(self):
        """Sunlight, minute by minute; then the first missile; then the blast."""
        more = SUNLIGHT[chance("the clouds thin", list(SUNLIGHT), weights=[0.15, 0.25, 0.6])]
        first_missile = chance("minutes to the first missile", [5, 6, 7, 8, 9])
        while self.minute < first_missile + FLIGHT:
            await asyncio.sleep(MINUTE)
            self.minute += 1
            self.sky_is_coloured = self.minute >= first_missile
            self.sunlight = 0.0 if self.sky_is_coloured else self.sunlight + more

    async def fight(self):
        """A blow a minute. The fighter needs the sun, the general a moment of distraction. Returns who is left standing."""
        await asyncio.sleep(MINUTE / 2)
        while self.sunlight < STRONG_ENOUGH:
            if self.distracted or self.sky_is_coloured:
                return "the general"
            await asyncio.sleep(MINUTE)
        return FIGHTER

    async def traveller(self, known):
        """What the traveller does. Returns who put the ring on, or None; as the following ones do."""
        choices = ["run into the city", "wear the ring now", "go inside"]
        if GENERAL in known:
            # In the ring `decide` takes the first option: who knows what the general waits for stays away.
            choices.reverse()
        choice = decide("at the door", choices)
        if choice == "run into the city":
            return await self.run_into_the_city()
        if choice == "wear the ring now":
            return TRAVELLER
        self.outside.remove(TRAVELLER)
        if await self.duel == FIGHTER:
            await self.go_home(FIGHTER)
        return None

    async def run_into_the_city(self):
        command = decide("the command", ["keep it", "hand it to a friend"])
        if command == "hand it to a friend":
            await asyncio.sleep(MINUTE)
        await asyncio.sleep(WAY * MINUTE)
        self.learned.append(GENERAL)
        # Whoever keeps the command has a radio that calls at the wrong moment.
        turns = 0.6 if command == "keep it" else 0.3
        self.distracted = chance("the fighter", ["turns round", "fights on"], weights=[turns, 1 - turns]) == "turns round"
        if await self.duel != FIGHTER:
            return self.bend_down()
        await self.go_home(TRAVELLER, FIGHTER)
        # Before sealed doors there is still the ring.
        return TRAVELLER if TRAVELLER in self.outside else None

    def bend_down(self):
        """The fighter is hurt. There is one breath to act, then the general stands over them both."""
        breath = decide("one breath", ["hold up the ring", "speak"])
        sees_it = 0.7 if breath == "hold up the ring" else 0.25
        hand = chance("the fighter's hand", ["slips the ring on", "sinks"], weights=[sees_it, 1 - sees_it])
        return FIGHTER if hand == "slips the ring on" else None

    async def go_home(self, *who):
        await asyncio.sleep(WAY * MINUTE)
        if self.minute < DOORS_SEAL:
            self.outside = [one for one in self.outside if one not in who]


async def clock():
    """Makes each minute a point of the report."""
    for minute in range(1, 16):
        await asyncio.sleep(MINUTE)
        mark(f"minute {minute}")


async def main():
    """Act one: an evening of which nobody knows anything yet."""
    ticking = asyncio.create_task(clock())
    await Evening().pass_by()
    ticking.cancel()


async def live(memory):
    """One life, from the morning on, with the memory of those before. Returns how it ends, and what there is to remember of it."""
    known = {thing for evening in memory for thing in evening["learned"]}
    if known == {GENERAL, MISSILES}:
        return PREVENTED, None
    evening = Evening()
    try:
        ring = await evening.pass_by(known)
    except TravellerLost:
        return LOST, None
    except FighterLost:
        ring = None
    day = 1 + THREE_WEEKS * len(memory)
    return AGAIN, {"day": day, "ring": ring or TRAVELLER, "learned": evening.learned}


async def story(number, remembers=True):
    """Lives until one of them is the last. Returns how it ends, which one it is, and what was remembered in it."""
    here = mark("morning")
    # Each life has luck of its own, the same whenever the story is told.
    random.seed(f"story {number}, life {here.returns}")
    end, lesson = await live(here.memory)
    if end == AGAIN and remembers:
        go_back(here, remember=lesson)
    if end == AGAIN:
        go_back(here)
    return end, here.returns + 1, here.memory


async def with_memory():
    """Act two: one story, as it is told in its last life."""
    end, life, memory = await story(3)
    for evening in memory:
        print(f"Day {evening['day']}: {evening['ring']} put on the ring. Learned: {', '.join(evening['learned'])}.")
    print(f"Day {1 + THREE_WEEKS * len(memory)}: in life {life} {end}.")


async def without_memory():
    """Act three: how the stories end of those who remember, and of those who don't."""
    for remembers in (True, False):
        teller = mark("who tells the stories")
        if len(teller.memory) < STORIES:
            end, life, _ = await story(len(teller.memory), remembers)
            go_back(teller, remember=(end, life))
        print(f"{STORIES} travellers who remember:" if remembers else f"{STORIES} travellers who remember nothing:")
        for (end, life), count in sorted(Counter(teller.memory).items()):
            print(f"  {end:25} in life {life:2}  {'█' * count} {count}")
