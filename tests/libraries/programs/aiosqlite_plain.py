"""aiosqlite by itself: two connections to one file, each in a thread of its own."""

import asyncio
import tempfile
from pathlib import Path

import aiosqlite


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.sqlite"
        async with aiosqlite.connect(path) as writer, aiosqlite.connect(path) as reader:
            await writer.execute("create table stock (item text primary key, count integer)")
            await writer.executemany("insert into stock values (?, ?)", [("tea", 3), ("rice", 5)])
            await writer.commit()

            async def count(item: str) -> int:
                async with reader.execute("select count from stock where item = ?", (item,)) as cursor:
                    row = await cursor.fetchone()
                    assert row is not None
                    return int(row[0])

            assert await asyncio.gather(count("tea"), count("rice"), count("tea")) == [3, 5, 3]
            try:
                await writer.execute("insert into nowhere values (1)")
                raise AssertionError("there is no such table")
            except aiosqlite.OperationalError:
                pass
            assert [row async for row in await reader.execute("select item from stock order by item")] == [("rice",), ("tea",)]
