"""A trunk that can also fork bare children, which exit at once: the baseline is measured in the very process that is the snapshot."""

import json
import os
import time

from crossroads.runners import trunk
from crossroads.snapshots import server, wire


class BareServer(server.Server):
    """Answers plans of which the first has an override with bare forks, as many as there are plans."""

    def _branch(self, message):  # type: ignore[no-untyped-def]
        if not json.loads(message["plans"][0])[0]["overrides"]:
            super()._branch(message)
            return
        began = time.perf_counter_ns
        for _ in message["plans"]:
            start = began()
            pid = os.fork()
            if not pid:
                os._exit(0)
            _, status = os.waitpid(pid, 0)
            result = {"status": status, "late": False, "left": 0, "output": "", "seconds": (began() - start) / 1e9}
            wire.send(self._channel, result)


trunk.Server = BareServer  # type: ignore[misc]

if __name__ == "__main__":
    trunk.main()
