import asyncio
import copy
import datetime
import pickle
import time

import pytest

from crossroads.worlds.clock import Clock

STOCK_DATE, STOCK_DATETIME = datetime.date, datetime.datetime


def test_clocks_start_at_their_instants(clock: Clock) -> None:
    readings = [time.time(), time.monotonic(), time.perf_counter(), time.process_time(), time.thread_time()]
    assert readings == pytest.approx([1_577_836_800, 1000, 1000, 0, 0], abs=1e-5)
    assert time.time_ns() == 1_577_836_800 * 10**9 + 5000
    assert time.monotonic_ns() == 1000 * 10**9 + 6000
    assert time.clock_gettime_ns(time.CLOCK_REALTIME) == 1_577_836_800 * 10**9 + 7000
    assert clock.elapsed == pytest.approx(8e-6)


def test_every_reading_is_later_than_the_one_before(clock: Clock) -> None:
    readings = [time.time() for _ in range(100)]
    assert sorted(set(readings)) == readings


def test_sleeping_takes_no_time_but_the_clocks(clock: Clock) -> None:
    time.sleep(86_400 * 365)
    time.sleep(0)
    assert clock.elapsed == 86_400 * 365
    assert time.gmtime().tm_yday == 366


def test_the_longest_sleeps_end_where_64_bits_do(clock: Clock) -> None:
    for _ in range(2):
        time.sleep(2**63 // 10**9)
        assert clock.elapsed == 2**63 // 10**9
    assert time.monotonic_ns() < time.monotonic_ns()


@pytest.mark.parametrize(
    ("duration", "error"), [(-1, ValueError), (float("nan"), ValueError), (float("inf"), OverflowError), ("1", TypeError)]
)
def test_sleep_refuses_what_stock_sleep_refuses(clock: Clock, duration: float, error: type[Exception]) -> None:
    with pytest.raises(error):
        time.sleep(duration)
    assert clock.elapsed == 0


def test_calendar_functions_follow_the_clock(clock: Clock) -> None:
    clock.advance(86_400 * 40)
    assert time.strftime("%Y-%m", time.gmtime()) == "2020-02"
    assert time.strftime("%Y") == str(time.localtime().tm_year) == time.ctime()[-4:] == time.asctime()[-4:] == "2020"
    assert time.ctime(0)[-4:] in ("1969", "1970")
    assert time.gmtime(0).tm_year == 1970


def test_dates_follow_the_clock(clock: Clock) -> None:
    time.sleep(86_400 * 40)
    assert datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds") == "2020-02-10T00:00:00+00:00"
    assert datetime.datetime.utcnow().isoformat(timespec="seconds") == "2020-02-10T00:00:00"
    assert datetime.datetime.now().year == datetime.datetime.today().year == datetime.date.today().year == 2020


def test_dates_pass_for_stock_ones(clock: Clock) -> None:
    stock, ours = STOCK_DATETIME(2020, 1, 2), datetime.datetime(2020, 1, 2)
    assert stock == ours
    assert hash(stock) == hash(ours)
    for moment in (stock, ours):
        assert isinstance(moment, datetime.datetime)
        assert isinstance(moment, datetime.date)
        assert isinstance(moment, STOCK_DATETIME)
    assert issubclass(STOCK_DATETIME, datetime.date)
    assert issubclass(datetime.datetime, datetime.date)
    assert not isinstance(datetime.date.today(), datetime.datetime)
    assert repr(ours) == "datetime.datetime(2020, 1, 2, 0, 0)"


def test_arithmetic_and_parsing_give_dates(clock: Clock) -> None:
    ours = datetime.datetime.fromisoformat("2020-01-02")
    assert ours - STOCK_DATETIME(2020, 1, 1) == datetime.timedelta(days=1)
    assert isinstance(ours + datetime.timedelta(days=1), datetime.datetime)
    assert datetime.datetime.strptime("2020-01-02", "%Y-%m-%d") == ours
    assert datetime.datetime.combine(datetime.date(2020, 1, 2), datetime.time()) == ours
    assert ours.date() == datetime.date(2020, 1, 2)
    assert isinstance(ours.date(), datetime.date)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_dates_survive_pickling_and_copying(clock: Clock, protocol: int) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=1))
    for value in (
        STOCK_DATE(2020, 1, 2),
        datetime.date.today(),
        STOCK_DATETIME.min,
        datetime.datetime.now(zone),
        STOCK_DATETIME(2020, 1, 1, fold=1),
    ):
        again = pickle.loads(pickle.dumps(value, protocol))
        assert again == copy.deepcopy(value) == copy.copy(value) == value


def test_pickles_are_those_of_stock_dates(clock: Clock) -> None:
    data = pickle.dumps(datetime.datetime(2020, 1, 2))
    clock.uninstall()
    assert type(pickle.loads(data)) is STOCK_DATETIME
    clock.install()


def test_subclasses_of_the_programs_own(clock: Clock) -> None:
    class Moment(datetime.datetime):
        def decade(self) -> int:
            return self.year // 10 * 10

    assert Moment.now().decade() == 2020
    assert isinstance(Moment.now(), Moment)
    assert not isinstance(datetime.datetime.now(), Moment)


def test_dates_bound_early_and_classes_with_a_metaclass_of_their_own(clock: Clock) -> None:
    class Numbered(type):
        pass

    class Day(datetime.date, metaclass=Numbered):
        pass

    assert STOCK_DATETIME.now().year == STOCK_DATE.today().year == Day.today().year == 2020
    assert type(Day.today()) is Day


def test_asyncio_waits_on_this_clock(clock: Clock) -> None:
    async def main() -> float:
        await asyncio.sleep(1000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 500)
        return asyncio.get_running_loop().time()

    assert asyncio.run(main()) == pytest.approx(2500, abs=0.01)
    assert clock.elapsed == pytest.approx(1500, abs=0.01)


def test_asyncio_still_meets_real_threads_and_sockets(clock: Clock) -> None:
    async def main() -> tuple[int, bytes]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        line = await asyncio.wait_for(reader.readline(), 100)
        writer.close()
        server.close()
        return await asyncio.wait_for(asyncio.to_thread(lambda: 5), 100), line

    assert asyncio.run(main()) == (5, b"hello\n")


def test_uninstall_puts_the_machines_clock_back() -> None:
    before = {name: getattr(time, name) for name in dir(time)}
    clock = Clock()
    clock.install()
    assert time.time is not before["time"]
    clock.uninstall()
    assert {name: getattr(time, name) for name in dir(time)} == before
    assert (datetime.date, datetime.datetime) == (STOCK_DATE, STOCK_DATETIME)


def test_modules_that_wait_for_threads_keep_real_time(clock: Clock) -> None:
    import queue

    assert queue.time is not time.monotonic  # type: ignore[attr-defined]
    with pytest.raises(queue.Empty):
        queue.Queue[int]().get(timeout=0.001)
