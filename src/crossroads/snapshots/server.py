"""A snapshot's own side: a process that sleeps at a point of a run, forks a future per plan, and accounts for each.

Every process of a trunk is in one of three states:

    serving   sleeps on its channel; forks a future, or a walker, per command
    walking   lives the past between two snapshots; forks a serving copy of itself at each pause, and serves at the last one
    living    is a future: never serves again, leaves its result in the region and ends by os._exit

A server has at most one future at a time. It outlives whatever that future does: signals other than SIGKILL stay blocked while serving,
the result needs no descriptor, orphans are adopted and killed, and the channel's end (the controller is gone) ends it at once.
"""

import fcntl
import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from typing import Any, Final, NoReturn

from crossroads.snapshots import kernel, wire
from crossroads.snapshots.limits import OUTPUT_BYTES_MAX
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.plans import Plan
from crossroads.snapshots.region import Region
from crossroads.timeline.outcomes import Outcome

HIGH_DESCRIPTOR: Final = 700
"""Our descriptors lie above this, so that the ones a program opens have the same numbers in every process."""

EVENT_LIBRARIES: Final = ("simpy", "gymnasium")
"""Libraries whose events can be points."""

PIPE_READ_BYTES: Final = 65_536

_ALL_SIGNALS: Final = sorted(signal.valid_signals())

# Taken before any program under test could replace them.
_fork, _exit, _getpid, _getppid, _waitpid, _setpgid, _read, _dup2 = (
    os.fork,
    os._exit,
    os.getpid,
    os.getppid,
    os.waitpid,
    os.setpgid,
    os.read,
    os.dup2,
)
_monotonic = time.monotonic
_sigmask = signal.pthread_sigmask
_setrlimit = resource.setrlimit
_pidfd_open = getattr(os, "pidfd_open", None)


class Server:
    """What makes a process of a trunk a snapshot."""

    def __init__(self, channel: socket.socket) -> None:
        self._region = Region()
        self._channel = channel
        self._climbing: list[tuple[int, socket.socket]] = []
        self._ready_end = -1
        self._rungs: set[int] = set()
        self._mask = _sigmask(signal.SIG_BLOCK, _ALL_SIGNALS)
        self._pid = _getpid()
        self._null = _high(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
        for descriptor in (0, 1, 2):
            _dup2(self._null, descriptor)
        self._output_end, self._input_end = -1, -1
        self._data_bytes = 0
        self.plan = Plan()
        kernel.adopt_orphans()
        _setrlimit(resource.RLIMIT_CORE, (0, 0))

    # Serving.

    def serve(self, live: LiveRun | None, greeting: wire.Message) -> None:
        """Be a snapshot. Returns in a future's or a walker's process only, with its plan in place."""
        _sigmask(signal.SIG_BLOCK, _ALL_SIGNALS)
        _flush_stdio()
        self._pid = _getpid()
        self._open_pipe()
        kernel.limit_memory(None)
        self._data_bytes = kernel.data_bytes()
        gc.freeze()
        try:
            wire.send(self._channel, {**greeting, "pid": self._pid})
            while True:
                message, descriptors = wire.receive(self._channel)
                if message["do"] == "branch" and self._branch(live, message):
                    return
                if message["do"] == "climb" and self._climb(live, message, descriptors):
                    return
                if message["do"] == "end":
                    break
        except (wire.Closed, KeyError):
            pass
        self._leave()

    def _branch(self, live: LiveRun | None, message: wire.Message) -> bool:
        """Live the plans one after the other; True in a future's process."""
        for order in message["plans"]:
            plan = Plan.from_message(order)
            self._region.clear()
            began = _monotonic()
            pid = _fork()
            if not pid:
                self._become_future(message["memory_bytes"])
                self._follow(live, plan)
                return True
            result = self._await_future(pid, began + message["wall_s"])
            result["seconds"] = _monotonic() - began
            wire.send(self._channel, result)
        return False

    def _climb(self, live: LiveRun | None, message: wire.Message, descriptors: list[int]) -> bool:
        """Lay snapshots further on; True in the walker's process."""
        self._region.clear()
        ready, ready_end = os.pipe2(os.O_CLOEXEC)
        pid = _fork()
        if not pid:
            os.close(ready)
            self._become_walker(message["memory_bytes"])
            self._ready_end = _high(ready_end)
            self._climbing = [(point, _channel_of(descriptor)) for point, descriptor in zip(message["points"], descriptors, strict=True)]
            self._follow(live, Plan.from_message(message["plan"]))
            return True
        self._rungs.add(pid)
        os.close(ready_end)
        for descriptor in descriptors:
            os.close(descriptor)
        ended = self._await_walker(pid, ready, _monotonic() + message["wall_s"])
        os.close(ready)
        wire.send(self._channel, {"ended": ended})
        return False

    def _await_future(self, pid: int, deadline: float) -> dict[str, Any]:
        """Wait for a future within its limits; its result, however it ended."""
        output = bytearray()
        late = not self._wait(pid, deadline, output)
        if late:
            kernel.kill_group(pid)
            kernel.kill(pid)
        _, status = _waitpid(pid, 0)
        left = self._sweep(pid)
        self._drain(output)
        result = self._region.read()
        if late and result is None:
            result = {"outcome": ["hung", "wall limit", "did not end within its wall limit", "", None]}
        if result is None:
            result = {"outcome": _sudden_end(status)}
        elif left and result["outcome"][0] == "passed":
            text = f"{left} process{'es' if left > 1 else ''} that it had started still ran after its end"
            result["outcome"] = ["left behind", "", text, "", None]
        if left:
            self._open_pipe()
        result["output"] = bytes(output[-OUTPUT_BYTES_MAX:]).decode("utf-8", "replace")
        return result

    def _wait(self, pid: int, deadline: float, output: bytearray) -> bool:
        """Wait until the process has ended, keeping the last of its output; False when the deadline came first."""
        poll = select.poll()
        poll.register(self._channel, select.POLLHUP)
        poll.register(self._output_end, select.POLLIN)
        ending = _pidfd_open(pid) if _pidfd_open is not None else None
        if ending is not None:
            poll.register(ending, select.POLLIN)
        try:
            while True:
                left_ms = (deadline - _monotonic()) * 1000
                if left_ms <= 0:
                    return False
                ready = poll.poll(left_ms if ending is not None else min(left_ms, 1.0))
                for descriptor, _ in ready:
                    if descriptor == self._output_end:
                        self._drain(output, PIPE_READ_BYTES * 4)
                    elif descriptor == ending:
                        return True
                    else:
                        kernel.kill_group(pid)
                        kernel.kill(pid)
                        self._leave()
                if ending is None and _has_ended(pid):
                    return True
        finally:
            if ending is not None:
                os.close(ending)

    def _await_walker(self, pid: int, ready: int, deadline: float) -> dict[str, Any] | None:
        """None once the walker serves at its last pause; else how it ended before."""
        poll = select.poll()
        poll.register(ready, select.POLLIN | select.POLLHUP)
        poll.register(self._channel, select.POLLHUP)
        found = poll.poll(max(0.0, deadline - _monotonic()) * 1000)
        if any(descriptor != ready for descriptor, _ in found):
            kernel.kill_group(pid)
            self._leave()
        if found and os.read(ready, 1) == b"r":
            return None
        kernel.kill_group(pid)
        kernel.kill(pid)
        _, status = _waitpid(pid, 0)
        self._rungs.discard(pid)
        self._sweep(pid)
        if not found:
            return {"outcome": ["hung", "wall limit", "did not get there within its wall limit", "", None]}
        return self._region.read() or {"outcome": _sudden_end(status)}

    def _sweep(self, group: int) -> int:
        """Kill and reap every process that a future left behind; their number, as far as they were alive."""
        left = 0
        while True:
            try:
                pid, _ = _waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return left
            if pid:
                self._rungs.discard(pid)
                continue
            strays = [child for child in kernel.children() if child not in self._rungs]
            if not strays:
                return left
            left += len(strays)
            kernel.kill_group(group)
            for stray in strays:
                kernel.kill(stray)
            for stray in strays:
                _reap(stray)

    def _drain(self, output: bytearray, at_most: int = sys.maxsize) -> None:
        while at_most > 0:
            try:
                data = _read(self._output_end, PIPE_READ_BYTES)
            except BlockingIOError:
                break
            if not data:
                break
            output += data
            at_most -= len(data)
            if len(output) > 4 * OUTPUT_BYTES_MAX:
                del output[:-OUTPUT_BYTES_MAX]

    def _open_pipe(self) -> None:
        for descriptor in (self._output_end, self._input_end):
            if descriptor >= 0:
                os.close(descriptor)
        reading, writing = os.pipe2(os.O_CLOEXEC)
        self._output_end, self._input_end = _high(reading), _high(writing)
        os.set_blocking(self._output_end, False)

    def _leave(self) -> NoReturn:
        """End this snapshot and everything below it."""
        for child in kernel.children():
            kernel.kill_group(child)
            kernel.kill(child)
        _exit(0)

    # Becoming a future or a walker.

    def _become_future(self, memory_bytes: int) -> None:
        _dup2(self._input_end, 1)
        _dup2(self._input_end, 2)
        self._become_walker(memory_bytes)

    def _become_walker(self, memory_bytes: int) -> None:
        _setpgid(0, 0)
        kernel.die_with_parent()
        if _getppid() != self._pid:
            _exit(1)
        self._pid = _getpid()
        self._rungs = set()
        self._channel.close()
        for descriptor in (self._output_end, self._input_end):
            os.close(descriptor)
        self._output_end = self._input_end = -1
        if self._data_bytes:
            kernel.limit_memory(self._data_bytes + memory_bytes)
        _sigmask(signal.SIG_SETMASK, self._mask)

    def _follow(self, live: LiveRun | None, plan: Plan) -> None:
        self.plan = plan
        if live is not None:
            live.pauses = self.pauses
            live.follow(plan)

    # Walking and living.

    @property
    def pauses(self) -> tuple[int, ...]:
        """Where this process is still to become a snapshot."""
        return tuple(point for point, _ in self._climbing)

    def pause(self, point: int, live: LiveRun | None) -> None:
        """At a pause of a walker: leave a serving copy behind and walk on; or, at the last one, serve."""
        if not self._climbing or self._climbing[0][0] != point:
            return
        threads = kernel.thread_names()
        if threads or set(kernel.children()) - self._rungs:
            text = f"threads: {', '.join(threads)}" if threads else "child processes"
            self._region.write({"unsound": text, "at": point})
            _exit(0)
        _, channel = self._climbing.pop(0)
        greeting = {"at": point}
        _flush_stdio()
        if self._climbing:
            rung = _fork()
            if rung:
                self._rungs.add(rung)
                channel.close()
                if live is not None:
                    live.pauses = self.pauses
                return
            for _, other in self._climbing:
                other.close()
            self._climbing, self._rungs = [], set()
        else:
            os.write(self._ready_end, b"r")
            kernel.die_with_parent(False)
        os.close(self._ready_end)
        self._ready_end = -1
        self._channel = channel
        kernel.adopt_orphans()
        self.serve(live, greeting)

    def report(self, live: LiveRun, outcome: Outcome) -> NoReturn:
        """Leave the result of this process's life and end it."""
        if _getpid() != self._pid:
            _exit(0)
        kernel.limit_memory(None)
        self._region.write({**live.finish(outcome), "libraries": [name for name in EVENT_LIBRARIES if name in sys.modules]})
        _flush_stdio()
        _exit(0)

    def refuse(self, kind: str, text: str) -> NoReturn:
        """Say that the program can't even be begun, and end."""
        self._region.write({"refused": [kind, text]})
        _exit(0)

    @property
    def is_own_process(self) -> bool:
        """Whether this is the process that was set up as a future, not one that the program forked from it."""
        return _getpid() == self._pid


def wait_for_threads() -> None:
    """Wait for the program's threads as the interpreter does at its end: those that aren't daemons have to finish."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _flush_stdio() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def _high(descriptor: int) -> int:
    """Move a descriptor out of the way of the program's own."""
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR)
    except OSError:
        return descriptor
    os.close(descriptor)
    return moved


def _channel_of(descriptor: int) -> socket.socket:
    return socket.socket(fileno=_high(descriptor))


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _reap(pid: int) -> None:
    try:
        _waitpid(pid, 0)
    except ChildProcessError:
        pass


def _sudden_end(status: int) -> list[Any]:
    """The outcome of a process that ended without a result, from its wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return ["crashed", name, f"killed by {name}", "", None]
    code = os.WEXITSTATUS(status)
    return ["exited", "os._exit", f"exit code {code}, without the interpreter's own end", "", code]
