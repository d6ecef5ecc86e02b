"""What a program prints of asyncio's and the standard library's objects is what it prints elsewhere."""

import asyncio
import sys
from pathlib import Path

import pytest
from living import check

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="futures are forked here")

LOOK = r"""
import asyncio, re, socket, sys, threading

def scrubbed(text):
    text = re.sub(r"0x[0-9a-f]+|(?<=[ =(])\d+(\.\d+)?(?=[ >,)])", "*", re.sub(r"owner=\d+ ", "", text))
    return re.sub(r" at \S+:\d+| cb=\[.*?\]|coro=<\w+|Task-\d+", "", text)

async def look():
    loop = asyncio.get_running_loop()
    seen = [loop, type(loop), loop._selector.__class__.__name__, type(asyncio.get_event_loop_policy()).__name__]
    seen += [loop.call_soon(look.__init__), loop.call_later(9, print), asyncio.current_task(), type(asyncio.current_task())]
    seen[-3].cancel()
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    seen += map(repr, [server, reader, writer, writer.transport])
    writer.close()
    server.close()
    with socket.socket() as one:
        seen += [one, type(one)]
    locks = [threading.Lock(), threading.RLock(), asyncio.Lock(), threading.Event()]
    locks[0].acquire()
    seen += locks
    seen += [await loop.run_in_executor(None, threading.current_thread), loop._default_executor, threading.local()]
    job = loop._default_executor.submit(print, end="")
    seen += [type(job)]
    await asyncio.wrap_future(job)
    return [scrubbed(thing if isinstance(thing, str) else repr(thing)) for thing in seen]
"""


def test_objects_are_printed_as_elsewhere(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(LOOK, names)
    stock = asyncio.run(names["look"]())  # type: ignore[operator]
    assert any("TimerHandle cancelled" in text for text in stock)
    assert any("locked _thread.lock" in text for text in stock)
    (tmp_path / "looking.py").write_text(LOOK)
    body = f"""
        import looking
        found = await looking.look()
        differ = [pair for pair in zip(found, {stock!r}, strict=True) if pair[0] != pair[1]]
        assert not differ, differ
    """
    check(tmp_path, body, seeds=1)
