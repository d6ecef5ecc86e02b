"""A snapshot's own side: a process that sleeps at a point of a run, has a future forked per plan, and accounts for each.

Every process of a trunk is in one of four states:

    serving   sleeps on its channel; has a future, or a walker, forked per command, and watches over it
    forking   is the template of the process that serves, with nothing to do but to fork (`template`)
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
import time
from collections.abc import Callable
from typing import Any, Final, Literal, NoReturn

from crossroads.snapshots import kernel, wire
from crossroads.snapshots.endings import exit_code, sudden_end
from crossroads.snapshots.limits import OUTPUT_BYTES_MAX
from crossroads.snapshots.live import LiveRun
from crossroads.snapshots.plans import Plan, plan_from, read_plans
from crossroads.snapshots.region import Region
from crossroads.snapshots.template import FUTURE, WALKER, Gone, Template
from crossroads.timeline.outcomes import Outcome

EVENT_LIBRARIES: Final = ("simpy", "gymnasium")
"""Libraries whose events can be points."""

GROWTH_BYTES_MAX: Final = 64 * 1024 * 1024
"""A process that lives several futures ends when it has grown by this: what one leaves mustn't count against the limit of the next."""

CHECK_REMAINS_EVERY: Final = 16
"""So many lives may leave children or memory before anyone looks for them: a look costs three system calls. As often CPU time is told."""

PIPE_READ_BYTES: Final = 65_536

# Taken before any program under test could replace them.
_exit, _getpid, _getppid, _waitpid, _setpgid = os._exit, os.getpid, os.getppid, os.waitpid, os.setpgid
_open, _read, _write, _close, _dup2, _pipe2, _lseek = os.open, os.read, os.write, os.close, os.dup2, os.pipe2, os.lseek
_get_blocking, _set_blocking, _poll = os.get_blocking, os.set_blocking, select.poll
_monotonic, _process_time, _freeze = time.monotonic, time.process_time, gc.freeze
_socket = socket.socket
_signal, _getsignal = signal.signal, signal.getsignal
_setrlimit = resource.setrlimit
_pidfd_open = getattr(os, "pidfd_open", None)


class Server:
    """What makes a process of a trunk a snapshot."""

    def __init__(self, channel: socket.socket, memory_bytes: int) -> None:
        self._orders, self._results = Region(), Region()
        self._channel = channel
        self._template = Template(memory_bytes)
        self._climbing: list[tuple[int, socket.socket]] = []
        self._ready_end = -1
        self._kept: set[int] = set()
        self._restore_signals: Callable[[], object] = _nothing
        self._ignores_children = False
        self._pid = _getpid()
        null = _open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for descriptor in (0, 1, 2):
            _dup2(null, descriptor)
        _close(null)
        self._offsets = kernel.file_offsets()
        self._output_end, self._input_end = -1, -1
        self._unused = kernel.file_identity(1)
        self._outputs: tuple[int, ...] = (1, 2)
        self.plan = Plan()
        self._later: list[Any] = []
        self._memory_limit = self._memory_used_max = self._unchecked = 0
        self._began_walking = 0.0
        kernel.adopt_orphans()
        _setrlimit(resource.RLIMIT_CORE, (0, 0))

    # Serving.

    def serve(self, live: LiveRun | None, greeting: wire.Message) -> None:
        """Be a snapshot. Returns in a future's or a walker's process only, with its plan in place."""
        try:
            self._settle()
            if live is None:
                # What the program makes later may become garbage, which is to go in futures as it does in a life without a snapshot.
                _freeze()
            order = self._start_template()
            if order is not None:
                self._become(order)
                self._follow(live)
                return
            wire.send(self._channel, {**greeting, "pid": self._pid})
            while True:
                message, descriptors = wire.receive(self._channel)
                if message["do"] == "branch":
                    self._branch(message)
                elif message["do"] == "climb":
                    self._climb(message, descriptors)
                else:
                    break
        except BaseException:
            # Below on the stack is the program, at a point of its run: nothing that goes wrong here may surface there.
            pass
        self._leave()

    def _settle(self) -> None:
        """Make a process that has lived the program's past fit to serve."""
        self._restore_signals = kernel.block_signals()
        self._ignores_children = _getsignal(signal.SIGCHLD) is signal.SIG_IGN
        if self._ignores_children:
            _signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.die_with_parent(False)
        kernel.adopt_orphans()
        kernel.flush_stdio()
        self._pid = _getpid()
        reading, writing = _pipe2(os.O_CLOEXEC)
        self._output_end, self._input_end = kernel.move_up(reading), kernel.move_up(writing)
        _set_blocking(self._output_end, False)
        # What the program has put there itself, as one that captures its own output does, stays there.
        self._outputs = tuple(descriptor for descriptor in (1, 2) if kernel.file_identity(descriptor) in (None, self._unused))
        kernel.limit_memory(None)

    def _start_template(self) -> bytes | None:
        """None in this process; in a child of the template, what it is to be."""
        order = self._template.start((self._channel.fileno(), self._output_end))
        if order is None:
            self._kept.add(self._template.pid)
        return order

    def _branch(self, message: wire.Message) -> None:
        """Have plans lived, each list of them by one process."""
        self._sweep()
        for plans in message["plans"]:
            self._orders.clear()
            self._orders.put(plans.encode())
            self._results.clear()
            began = self._results.began = _monotonic()
            pid = self._template.fork(FUTURE)
            header = self._await_future(pid, message["wall_s"])
            header["seconds"] = _monotonic() - began
            wire.send(self._channel, header, enclosed=b"[" + self._results.take() + b"]")

    def _climb(self, message: wire.Message, descriptors: list[int]) -> None:
        """Have snapshots laid further on."""
        self._sweep()
        self._results.clear()
        ready, ready_end = _pipe2(os.O_CLOEXEC)
        pid = self._template.fork(WALKER)
        parcels = _socket(fileno=self._template.parcels)
        wire.send(parcels, message, (ready_end, *descriptors))
        parcels.detach()
        for descriptor in (ready_end, *descriptors):
            _close(descriptor)
        ended = self._await_walker(pid, ready, message["points"][0], _monotonic() + message["wall_s"])
        _close(ready)
        wire.send(self._channel, {"ended": ended})

    def _await_future(self, pid: int, wall_s: float) -> wire.Message:
        """Wait for a future, or several in one process, each within its limits; how that ended."""
        output = bytearray()
        late = not self._wait(pid, wall_s, output)
        if late:
            kernel.kill_group(pid)
            kernel.kill(pid)
        status = self._template.answer()
        left = self._sweep()
        self._drain(output)
        if not _get_blocking(self._input_end):
            _set_blocking(self._input_end, True)
        text = bytes(output[-OUTPUT_BYTES_MAX:]).decode("utf-8", "replace")
        return {"status": status, "late": late, "left": left, "output": text}

    def _wait(self, pid: int, wall_s: float, output: bytearray) -> bool:
        """Wait until the template tells the end of a future, keeping the last of its output; False when the deadline came first."""
        poll = _poll()
        poll.register(self._template.line, select.POLLIN)
        poll.register(self._channel, select.POLLHUP)
        poll.register(self._output_end, select.POLLIN)
        deadline = self._results.began + wall_s
        while True:
            left_ms = (deadline - _monotonic()) * 1000
            if left_ms <= 0:
                later = min(self._results.began, _monotonic()) + wall_s
                if not later > deadline:
                    return False
                deadline = later
                wire.send(self._channel, wire.ALIVE)
                continue
            for descriptor, _ in poll.poll(left_ms):
                if descriptor == self._output_end:
                    self._drain(output, PIPE_READ_BYTES * 4)
                elif descriptor == self._template.line:
                    return True
                else:
                    kernel.kill_group(pid)
                    kernel.kill(pid)
                    self._leave()

    def _await_walker(self, pid: int, ready: int, first: int, deadline: float) -> dict[str, Any] | None:
        """None once the walker serves at its last pause; else how it ended before."""
        state = self._wait_for_walker(pid, ready, deadline)
        strays = set(kernel.children()) - self._kept if state == "serves" else set()
        if state == "serves" and not strays:
            return None
        kernel.kill_group(pid)
        kernel.kill(pid)
        status = self._template.end_of_walker(pid)
        self._sweep()
        if strays:
            return {"unsound": "child processes", "at": first}
        if state == "late":
            return {"outcome": ["hung", "wall limit", "did not get there within its wall limit", "", None]}
        left = wire.parsed(self._results.take() or b"null")
        return left if isinstance(left, dict) else {"outcome": sudden_end(status)}

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
                if pid == self._template.pid:
                    raise Gone
                self._kept.discard(pid)
                continue
            strays = [child for child in kernel.children() if child not in self._kept]
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

    def _leave(self) -> NoReturn:
        """End this snapshot and everything below it."""
        self._kept = set()
        self._template.pid = -1
        try:
            self._sweep()
        finally:
            _exit(0)

    # Becoming a future or a walker.

    def _become(self, order: bytes) -> None:
        _setpgid(0, 0)
        kernel.die_with_parent()
        if _getppid() != self._template.pid:
            _exit(1)
        self._pid = _getpid()
        self._kept = set()
        if order == FUTURE:
            for descriptor in self._outputs:
                _dup2(self._input_end, descriptor)
            self._later = read_plans(self._orders.take().decode())
            self._later.reverse()
            self.plan = plan_from(self._later.pop())
            if self._later:
                self._memory_limit = kernel.memory_limit()
                self._memory_used_max = kernel.memory_used_max() + GROWTH_BYTES_MAX
        else:
            self._take_parcel()
        _close(self._input_end)
        self._template.leave()
        for descriptor, offset in self._offsets:
            _lseek(descriptor, offset, os.SEEK_SET)
        if self._ignores_children:
            _signal(signal.SIGCHLD, signal.SIG_IGN)
        self._restore_signals()
        if order == WALKER:
            self._began_walking = _process_time()

    def _take_parcel(self) -> None:
        """Receive, as a walker, where to go, and the descriptors that the snapshots on the way need."""
        self._channel.detach()
        parcels = _socket(fileno=self._template.parcels)
        message, (ready_end, *descriptors) = wire.receive(parcels)
        parcels.detach()
        self._ready_end = kernel.move_up(ready_end)
        self._climbing = [(point, _channel_of(descriptor)) for point, descriptor in zip(message["points"], descriptors, strict=True)]
        self.plan = Plan.from_message(message["plan"])

    def _follow(self, live: LiveRun | None) -> None:
        if live is not None:
            live.pauses = self.pauses
            live.follow(self.plan)

    # Walking and living.

    @property
    def pauses(self) -> tuple[int, ...]:
        """Where this process is still to become a snapshot."""
        return tuple([point for point, _ in self._climbing])

    def pause(self, point: int, live: LiveRun | None) -> None:
        """At a pause of a walker: leave a serving copy behind and walk on; or, at the last one, serve."""
        if not self._climbing or self._climbing[0][0] != point or not self.is_own_process:
            return
        walked_s = _process_time() - self._began_walking
        trouble = self._trouble()
        if trouble:
            self.decline(point, trouble)
        _, channel = self._climbing.pop(0)
        kernel.flush_stdio()
        # Before there are two processes: the one that walks on writes to the same files.
        self._offsets = kernel.file_offsets()
        if self._climbing:
            rung = kernel.fork()
            if rung:
                self._kept.add(rung)
                channel.close()
                if live is not None:
                    live.pauses = self.pauses
                return
            for _, other in self._climbing:
                other.close()
            self._climbing, self._kept = [], set()
        else:
            _write(self._ready_end, b"r")
        _close(self._ready_end)
        self._ready_end = -1
        self._channel = channel
        self.serve(live, {"at": point, "walked_s": walked_s})

    def decline(self, point: int, trouble: str) -> NoReturn:
        """End a walk here, since no snapshot can be laid at this pause."""
        self._results.write({"unsound": trouble, "at": point})
        _exit(0)

    def _trouble(self) -> str:
        """Why this process can't be forked, or serve, soundly; "" if it can."""
        threads = kernel.thread_names()
        if threads:
            return f"threads: {', '.join(threads)}"
        if set(kernel.children()) - self._kept:
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
        self._leave_result(live, outcome, {})
        kernel.flush_stdio()
        _exit(0)

    def _leave_result(self, live: LiveRun, outcome: Outcome, more: dict[str, str]) -> bool:
        if self.plan.is_brief and outcome.kind == "passed" and not more:
            cpu_s = 0.0 if self._unchecked and self._later else _process_time()
            return self._results.put(live.finish_briefly(outcome, cpu_s).encode())
        libraries = [name for name in EVENT_LIBRARIES if name in sys.modules]
        return self._results.write({**live.finish(outcome), "cpu_s": _process_time(), "libraries": libraries, **more})

    # Several lives in one process.

    @property
    def has_more(self) -> bool:
        """Whether this process is to live more than one future."""
        return bool(self._later)

    def go_on(self, live: LiveRun, outcome: Outcome) -> None:
        """Leave the result of a life, and make ready for the next; ends the process where there is none, or should be none here."""
        if not self._later or not self.is_own_process:
            self.report(live, outcome)
        stop = self._look_for_remains() if outcome.kind == "passed" else kernel.remains(self._memory_used_max)
        if not self._leave_result(live, outcome, {"stop": stop} if stop else {}) or stop:
            kernel.flush_stdio()
            _exit(0)
        self.plan = plan_from(self._later.pop())
        if outcome.kind != "passed":
            kernel.limit_memory(self._memory_limit)
        self._results.began = _monotonic()

    def _look_for_remains(self) -> str:
        """What lives have left here, of children and memory looked for now and then only: whatever it is, the whole lot is done with."""
        self._unchecked += 1
        if self._unchecked < CHECK_REMAINS_EVERY and self._later and not kernel.has_threads():
            return ""
        self._unchecked = 0
        return kernel.remains(self._memory_used_max)

    def refuse(self, kind: str, text: str) -> NoReturn:
        """Say that the program can't even be begun, and end."""
        self._results.write({"refused": [kind, text]})
        _exit(0)

    @property
    def is_own_process(self) -> bool:
        """Whether this is the process that was set up as a future, not one that the program forked from it."""
        return _getpid() == self._pid


def _nothing() -> None:
    pass


def _channel_of(descriptor: int) -> socket.socket:
    return _socket(fileno=kernel.move_up(descriptor))
