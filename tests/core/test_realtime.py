"""The room table: frames reach the right sockets, once, from any thread, and nobody else waits."""

import asyncio
import json
import threading
from typing import Any
from uuid import uuid4

import pytest

from beyou.core.realtime import frames
from beyou.core.realtime.hub import Hub
from beyou.core.realtime.socket import BUFFER_LIMIT, Socket


class Client:
    """The far end of a socket: takes what is sent, or stops taking."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def send(self, message: Any) -> None:
        await self.may_take.wait()
        self.taken.append(dict(message))

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.taken if message["type"] == "websocket.send"]

    @property
    def codes(self) -> list[int]:
        return [message["code"] for message in self.taken if message["type"] == "websocket.close"]


def joined(hub: Hub, *rooms: str) -> tuple[Socket, Client]:
    client = Client()
    socket = Socket(member_id=uuid4(), rooms=rooms, send=client.send)
    hub.join(socket)
    return socket, client


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_frame_reaches_each_socket_of_the_rooms_once() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        _, both = joined(hub, "a", "b")
        _, one = joined(hub, "a")
        _, none = joined(hub, "c")
        hub.publish(["a", "b", "nobody"], b'{"n":1}')
        await settle()
        assert (both.texts, one.texts, none.texts) == (['{"n":1}'], ['{"n":1}'], [])
        hub.stop()

    asyncio.run(run())


def test_frames_of_many_threads_all_arrive_and_each_thread_in_order() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        _, client = joined(hub, "a")

        def publish(name: int) -> None:
            for number in range(500):
                hub.publish(["a"], json.dumps([name, number]).encode())

        threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])
        await settle()
        got = [json.loads(text) for text in client.texts]
        assert len(got) == 2000
        for name in range(4):
            assert [number for who, number in got if who == name] == list(range(500))
        hub.stop()

    asyncio.run(run())


def test_who_does_not_read_is_dropped_and_the_others_are_served() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        _, slow = joined(hub, "a")
        _, quick = joined(hub, "a")
        slow.may_take.clear()
        frame = b"x" * 10_000
        for _ in range(BUFFER_LIMIT // 10_000 + 10):
            hub.publish(["a"], frame)
            await settle()
        assert len(quick.texts) == BUFFER_LIMIT // 10_000 + 10
        slow.may_take.set()
        await settle()
        assert slow.codes == [1013]
        assert quick.codes == []
        hub.stop()

    asyncio.run(run())


def test_a_closed_room_closes_its_sockets_once_and_they_hear_no_more() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        _, mine = joined(hub, "session:1", "a")
        _, other = joined(hub, "session:2", "a")
        hub.close(["session:1"], 4409)
        hub.close(["session:1"], 4401)
        hub.publish(["a"], b"{}")
        await settle()
        assert (mine.codes, mine.texts) == ([4409], [])
        assert (other.codes, other.texts) == ([], ["{}"])
        hub.stop()

    asyncio.run(run())


def test_rooms_disappear_with_their_last_socket() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        sockets = [joined(hub, "a", f"b{number}")[0] for number in range(3)]
        assert len(hub) == 3
        for socket in sockets:
            hub.leave(socket)
            hub.leave(socket)
        assert (len(hub), hub._rooms) == (0, {})
        hub.stop()

    asyncio.run(run())


def test_without_a_loop_frames_vanish() -> None:
    hub = Hub()
    hub.publish(["a"], b"{}")
    hub.close(["a"], 4409)
    assert not hub._waiting


@pytest.mark.parametrize(
    "text", ["", "{", "null", "1", "[]", "{}", '{"type":1}', '{"type":{}}', '{"type":"no"}']
)
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(frames.BadFrame):
        frames.parse(text)


def test_a_socket_that_joins_after_its_room_was_closed_is_closed_too() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        began = asyncio.get_running_loop().time()
        hub.close(["session:x"], 4409)
        await settle()
        late, client = Client(), Client()
        # It was let in by what was true before the room was closed.
        hub.join(Socket(member_id=uuid4(), rooms=("m", "session:x"), send=late.send, opened_at=began))
        await asyncio.sleep(0.01)
        hub.join(Socket(member_id=uuid4(), rooms=("m", "session:x"), send=client.send))
        await settle()
        assert (late.codes, client.codes) == ([4409], [])
        hub.stop()

    asyncio.run(run())


def test_a_member_has_twenty_sockets_and_the_oldest_gives_way() -> None:
    async def run() -> None:
        hub = Hub()
        hub.start()
        clients = []
        for number in range(22):
            client = Client()
            clients.append(client)
            socket = Socket(member_id=uuid4(), rooms=("member:a",), send=client.send, opened_at=float(number))
            hub.join(socket)
            await settle()
            for each in [each for each in hub._in(["member:a"]) if each._closing is not None]:
                hub.leave(each)
        joined(hub, "member:b")
        assert [number for number, client in enumerate(clients) if client.codes] == [0, 1]
        assert clients[0].codes == [4420]
        hub.stop()

    asyncio.run(run())
