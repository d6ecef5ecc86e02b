"""Control: looks racy, never fails on stock asyncio.

A check followed by an act without an await in between is atomic in asyncio, and a
cancellation is only ever delivered at an await.

A ticket shop with few seats and many buyers who may run out of patience.  Seats are
taken by check-then-act on plain attributes, without a lock, and given back when the
payment does not come through.  Nothing may be oversold and no seat may be lost.
"""

import asyncio

SEATS = 3
BUYERS = 7
PATIENCE = 0.05
OVERALL_TIMEOUT = 60.0


async def bank(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"paid " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Shop:
    def __init__(self, port):
        self.port = port
        self.free = SEATS
        self.reserved = 0
        self.sold = []

    def check(self):
        assert self.free >= 0, "oversold"
        assert self.free + self.reserved + len(self.sold) == SEATS, "a seat is lost"

    async def pay(self, buyer):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(b"buyer %d\n" % buyer)
            assert await reader.readline() == b"paid buyer %d\n" % buyer
        finally:
            writer.close()

    async def buy(self, buyer):
        if self.free <= 0:
            return False
        self.free -= 1
        self.reserved += 1
        paid = False
        try:
            await self.pay(buyer)
            paid = True
        finally:
            self.reserved -= 1
            if paid:
                self.sold.append(buyer)
            else:
                self.free += 1
            self.check()
        return True


async def buyer(shop, number):
    for _ in range(3):
        try:
            async with asyncio.timeout(PATIENCE):
                if await shop.buy(number):
                    return
        except TimeoutError:
            pass
        shop.check()


async def main():
    server = await asyncio.start_server(bank, "127.0.0.1", 0)
    shop = Shop(server.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            await asyncio.gather(*(buyer(shop, n) for n in range(BUYERS)))
        shop.check()
        assert shop.reserved == 0
        assert len(set(shop.sold)) == len(shop.sold) <= SEATS
    finally:
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
