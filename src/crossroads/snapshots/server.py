"""A snapshot's own side: a process that sleeps at a point of a run, forks a future per plan, and accounts for each.

Every process of a trunk is in one of three states:

    serving   sleeps on its channel; forks a future, or a walker, per command
    walking   lives the past between two snapshots; forks a serving copy of itself at each pause, and serves at the last one
    living    is a future: never serves again, leaves its result in the region and ends by os._exit

A server has at most one future at a time. It outlives whatever that future does: signals other than SIGKILL and SIGSTOP stay blocked while
serving, the result needs no descriptor, orphans are adopted and killed, and the channel's end (the controller is gone) ends it at once.
Servers have lived the program's past: what it has done to functions, signals, offsets and descriptors by then may not reach them.
"""

import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from typing import Any, Final, Literal, NoReturn

from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import exit_code, sudden_end
from crossroads.snapshots.limits import OUTPUT_BYTES_MAX
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.plans import Plan
from crossroads.snapshots.region import Region
from crossroads.timeline.outcomes import Outcome

EVENT_LIBRARIES: Final = ("simpy", "gymnasium")
"""Libraries whose events can be points."""

PIPE_READ_BYTES: Final = 65_536

_ALL_SIGNALS: Final = sorted(signal.valid_signals())

# Taken before any program under test could replace them.
_fork, _exit, _getpid, _getppid, _waitpid, _setpgid = os.fork, os._exit, os.getpid, os.getppid, os.waitpid, os.setpgid
_open, _read, _write, _close, _dup2, _pipe2, _lseek = os.open, os.read, os.write, os.close, os.dup2, os.pipe2, os.lseek
_get_blocking, _set_blocking, _poll = os.get_blocking, os.set_blocking, select.poll
_monotonic, _freeze, _socket = time.monotonic, gc.freeze, socket.socket
_sigmask, _signal, _getsignal = signal.pthread_sigmask, signal.signal, signal.getsignal
_setrlimit = resource.setrlimit
_pidfd_open = getattr(os, "pidfd_open", None)
_current_thread, _enumerate_threads = threading.current_thread, threading.enumerate


class Server:
    """What makes a process of a trunk a snapshot."""

    def __init__(self, channel: socket.socket) -> None:
        self._region = Region()
        self._channel = channel
        self._climbing: list[tuple[int, socket.socket]] = []
        self._ready_end = -1
        self._rungs: set[int] = set()
        self._mask: set[Any] = set()
        self._ignores_children = False
        self._offsets: list[tuple[int, int]] = []
        self._pid = _getpid()
        null = _open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in (0, 1, 2):
            _dup2(null, descriptor)
        _close(null)
        self._output_end, self._input_end = -1, -1
        self._data_bytes = 0
        self.plan = Plan()
        kernel.adopt_orphans()
        _setrlimit(resource.RLIMIT_CORE, (0, 0))

    # Serving.

    def serve(self, live: LiveRun | None, greeting: wire.Message) -> None:
        """Be a snapshot. Returns in a future's or a walker's process only, with its plan in place."""
        try:
            self._settle(greeting)
            while True:
                message, descriptors = wire.receive(self._channel)
                if message["do"] == "branch" and self._branch(live, message):
                    return
                if message["do"] == "climb" and self._climb(live, message, descriptors):
                    return
                if message["do"] == "end":
                    break
        except BaseException:
            # Below on the stack is the program, at a point of its run: nothing that goes wrong here may surface there.
            pass
        self._leave()

    def _settle(self, greeting: wire.Message) -> None:
        """Make a process that has lived the program's past fit to serve, and say that it serves."""
        self._mask = _sigmask(signal.SIG_BLOCK, _ALL_SIGNALS)
        self._ignores_children = _getsignal(signal.SIGCHLD) is signal.SIG_IGN
        if self._ignores_children:
            _signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.die_with_parent(False)
        kernel.adopt_orphans()
        kernel.flush_stdio()
        self._pid = _getpid()
        self._open_pipe()
        kernel.limit_memory(None)
        self._data_bytes = kernel.data_bytes()
        self._offsets = kernel.file_offsets()
        _freeze()
        wire.send(self._channel, {**greeting, "pid": self._pid})

    def _branch(self, live: LiveRun | None, message: wire.Message) -> bool:
        """Live the plans one after the other; True in a future's process."""
        self._sweep()
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
        self._sweep()
        self._region.clear()
        ready, ready_end = _pipe2(os.O_CLOEXEC)
        pid = _fork()
        if not pid:
            _close(ready)
            self._become_walker(message["memory_bytes"])
            self._ready_end = kernel.move_up(ready_end)
            self._climbing = [(point, _channel_of(descriptor)) for point, descriptor in zip(message["points"], descriptors, strict=True)]
            self._follow(live, Plan.from_message(message["plan"]))
            return True
        self._rungs.add(pid)
        _close(ready_end)
        for descriptor in descriptors:
            _close(descriptor)
        ended = self._await_walker(pid, ready, message["points"][0], _monotonic() + message["wall_s"])
        _close(ready)
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
        left = self._sweep()
        self._drain(output)
        result = self._region.read()
        if late and result is None:
            result = {"outcome": ["hung", "wall limit", "did not end within its wall limit", "", None]}
        if result is None:
            result = {"outcome": sudden_end(status)}
        elif left and result["outcome"][0] == "passed":
            text = f"{left} process{'es' if left > 1 else ''} that it had started still ran after its end"
            result["outcome"] = ["left behind", "", text, "", None]
        if left or not _get_blocking(self._input_end):
            self._open_pipe()
        result["output"] = bytes(output[-OUTPUT_BYTES_MAX:]).decode("utf-8", "replace")
        return result

    def _wait(self, pid: int, deadline: float, output: bytearray) -> bool:
        """Wait until the process has ended, keeping the last of its output; False when the deadline came first."""
        poll = _poll()
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
                if ending is None and kernel.has_ended(pid):
                    return True
        finally:
            if ending is not None:
                _close(ending)

    def _await_walker(self, pid: int, ready: int, first: int, deadline: float) -> dict[str, Any] | None:
        """None once the walker serves at its last pause; else how it ended before."""
        state = self._wait_for_walker(pid, ready, deadline)
        strays = set(kernel.children()) - self._rungs if state == "serves" else set()
        if state == "serves" and not strays:
            return None
        kernel.kill_group(pid)
        kernel.kill(pid)
        _, status = _waitpid(pid, 0)
        self._rungs.discard(pid)
        self._sweep()
        if strays:
            return {"unsound": "child processes", "at": first}
        if state == "late":
            return {"outcome": ["hung", "wall limit", "did not get there within its wall limit", "", None]}
        return self._region.read() or {"outcome": sudden_end(status)}

    def _wait_for_walker(self, pid: int, ready: int, deadline: float) -> Literal["serves", "ended", "late"]:
        """Wait for a walker's word or its end; its pipe's end says little, as it may have closed it or a child of its own may hold it."""
        poll = _poll()
        poll.register(ready, select.POLLIN)
        poll.register(self._channel, select.POLLHUP)
        ending = _pidfd_open(pid) if _pidfd_open is not None else ready
        poll.register(ending, select.POLLIN)
        try:
            while True:
                found = {descriptor for descriptor, _ in poll.poll(max(0.0, deadline - _monotonic()) * 1000)}
                if self._channel.fileno() in found:
                    self._leave()
                if ready in found and _read(ready, 1):
                    return "serves"
                if ending in found:
                    return "ended"
                if not found:
                    return "late"
                poll.unregister(ready)
        finally:
            if ending != ready:
                _close(ending)

    def _sweep(self) -> int:
        """Kill and reap every process below this one that isn't a snapshot; their number, as far as they were alive."""
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
            for stray in strays:
                kernel.kill_group(stray)
                kernel.kill(stray)
            for stray in strays:
                kernel.reap(stray)

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
                _close(descriptor)
        reading, writing = _pipe2(os.O_CLOEXEC)
        self._output_end, self._input_end = kernel.move_up(reading), kernel.move_up(writing)
        _set_blocking(self._output_end, False)

    def _leave(self) -> NoReturn:
        """End this snapshot and everything below it."""
        self._rungs = set()
        try:
            self._sweep()
        finally:
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
            _close(descriptor)
        self._output_end = self._input_end = -1
        if self._data_bytes:
            kernel.limit_memory(self._data_bytes + memory_bytes)
        for descriptor, offset in self._offsets:
            _lseek(descriptor, offset, os.SEEK_SET)
        if self._ignores_children:
            _signal(signal.SIGCHLD, signal.SIG_IGN)
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
        if not self._climbing or self._climbing[0][0] != point or not self.is_own_process:
            return
        trouble = self._trouble()
        if trouble:
            self._region.write({"unsound": trouble, "at": point})
            _exit(0)
        _, channel = self._climbing.pop(0)
        kernel.flush_stdio()
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
            _write(self._ready_end, b"r")
        _close(self._ready_end)
        self._ready_end = -1
        self._channel = channel
        self.serve(live, {"at": point})

    def _trouble(self) -> str:
        """Why this process can't be forked, or serve, soundly; "" if it can."""
        threads = kernel.thread_names()
        if threads:
            return f"threads: {', '.join(threads)}"
        if set(kernel.children()) - self._rungs:
            return "child processes"
        if not all(kernel.is_open(descriptor) for descriptor in (self._ready_end, *(channel.fileno() for _, channel in self._climbing))):
            return "closed descriptors"
        return ""

    def report(self, live: LiveRun, outcome: Outcome) -> NoReturn:
        """Leave the result of this process's life and end it."""
        if not self.is_own_process:
            kernel.flush_stdio()
            _exit(exit_code(outcome))
        kernel.limit_memory(None)
        self._region.write({**live.finish(outcome), "libraries": [name for name in EVENT_LIBRARIES if name in sys.modules]})
        kernel.flush_stdio()
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
    for thread in _enumerate_threads():
        if thread is not _current_thread() and not thread.daemon:
            thread.join()


def _channel_of(descriptor: int) -> socket.socket:
    return _socket(fileno=kernel.move_up(descriptor))
