"""aiojobs 1.0.0: a spawn() cancelled while it waits for room in the pending queue
leaves its job in the scheduler for ever: it never runs, still counts as active,
and after enough of them the scheduler starts nothing any more.

A front end hands every request's follow-up mail to one scheduler and gives up
when handing over takes too long, which happens only while mails are slow.  What
was accepted must be done, and the scheduler must run empty at last.
"""

import asyncio

import aiojobs

ARRIVAL_INTERVAL = 0.05
HANDOVER_TIMEOUT = 0.1
OVERALL_TIMEOUT = 30.0


async def mail_server(reader, writer):
    try:
        while line := await reader.readline():
            writer.write(b"sent " + line)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def send_mail(port, done, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"mail %d\n" % number)
        await reader.readline()
        done.add(number)
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(mail_server, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    scheduler = await aiojobs.create_scheduler(limit=2, pending_limit=1)
    accepted, done = set(), set()

    async def handle_request(number):
        try:
            async with asyncio.timeout(HANDOVER_TIMEOUT):
                await scheduler.spawn(send_mail(port, done, number))
            accepted.add(number)
        except TimeoutError:
            pass  # 503: the client tries again later

    try:
        async with asyncio.timeout(OVERALL_TIMEOUT):
            async with asyncio.TaskGroup() as requests:
                for number in range(8):
                    requests.create_task(handle_request(number))
                    await asyncio.sleep(ARRIVAL_INTERVAL)
            while scheduler.active_count or scheduler.pending_count:
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(
            f"scheduler stuck: active={scheduler.active_count} pending={scheduler.pending_count},"
            f" accepted but never done: {sorted(accepted - done)}"
        ) from None
    finally:
        server.close()
    await scheduler.close()


if __name__ == "__main__":
    asyncio.run(main())
