"""psycopg_pool 3.1.6, AsyncConnectionPool: a request cancelled while it queues for
a connection stays in the queue; the next returned connection is handed to it and
is lost.  After a few such requests the pool is empty for ever.

Requests with a deadline share a pool of two connections.  The connection class is
a stub (the pool takes any): its "database" is a line server on a socket.
"""

import asyncio

from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

REQUEST_DEADLINE = 0.1
POOL_TIMEOUT = 10.0


async def database(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"rows for " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Connection:
    """What AsyncConnectionPool needs of a connection, over a line protocol."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.pgconn = self
        self.transaction_status = TransactionStatus.IDLE
        self.closed = False
        self._pool = None

    @classmethod
    async def connect(cls, conninfo, **kwargs):
        host, port = conninfo.split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def execute(self, query):
        self.transaction_status = TransactionStatus.ACTIVE
        self.writer.write(query.encode() + b"\n")
        row = await self.reader.readline()
        self.transaction_status = TransactionStatus.IDLE
        return row.decode().strip()

    async def close(self):
        self.closed = True
        self.transaction_status = TransactionStatus.UNKNOWN
        self.writer.close()

    async def rollback(self):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exc_info):
        pass


async def request(pool, number):
    try:
        async with asyncio.timeout(REQUEST_DEADLINE):
            async with pool.connection(timeout=POOL_TIMEOUT) as conn:
                row = await conn.execute(f"query {number}")
                assert row == f"rows for query {number}"
    except TimeoutError:
        pass  # 504


async def main():
    server = await asyncio.start_server(database, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = AsyncConnectionPool(f"127.0.0.1:{port}", connection_class=Connection, min_size=2, max_size=2, open=False)
    await pool.open()
    try:
        await asyncio.gather(*(request(pool, n) for n in range(6)))
        # The rush is over: both connections must be there for the next users.
        async with pool.connection(timeout=POOL_TIMEOUT) as one:
            async with pool.connection(timeout=POOL_TIMEOUT) as two:
                assert one is not two
    finally:
        await pool.close()
        server.close()


if __name__ == "__main__":
    asyncio.run(main())
