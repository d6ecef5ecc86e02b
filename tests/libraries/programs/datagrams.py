"""Datagrams: an endpoint that answers, one that is connected, and an address."""

import asyncio


class Answering(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.transport.sendto(data.upper(), address)


class Asking(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.answers.put_nowait(data)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Answering, local_addr=("127.0.0.1", 0))
    client, asking = await loop.create_datagram_endpoint(Asking, remote_addr=server.get_extra_info("sockname"))
    assert client.get_extra_info("peername") == server.get_extra_info("sockname")
    for word in (b"one", b"two", b"three"):
        client.sendto(word)
    answers = [await asyncio.wait_for(asking.answers.get(), 5) for _ in range(3)]
    assert sorted(answers) == [b"ONE", b"THREE", b"TWO"]
    client.close()
    server.close()
