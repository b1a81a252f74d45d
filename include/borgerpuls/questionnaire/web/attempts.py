"""
How many wrong codes one address may try. Kept in memory only: an address is never written anywhere.
"""

import threading
import time
from collections import OrderedDict, deque


class Attempts:
    """Counts wrong tries per address in a sliding window."""

    def __init__(self, allowed: int = 20, window_seconds: int = 900, addresses: int = 10_000) -> None:
        self._allowed = allowed
        self._window = window_seconds
        self._addresses = addresses
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def is_blocked(self, address: str) -> bool:
        """Return whether *address* has used its tries."""
        with self._lock:
            return len(self._recent(address)) >= self._allowed

    def count(self, address: str) -> None:
        """Remember one wrong try."""
        with self._lock:
            tries = self._recent(address)
            tries.append(time.monotonic())
            self._tries[address] = tries
            self._tries.move_to_end(address)
            while len(self._tries) > self._addresses:
                self._tries.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        tries = self._tries.get(address, deque())
        while tries and time.monotonic() - tries[0] > self._window:
            tries.popleft()
        return tries
