"""
Where independent themes are attacked: in processes beside this one.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import current_process, get_context


@contextmanager
def attack_pool(workers: int) -> Iterator[Executor | None]:
    """
    Yield where to attack themes, or None where this process does it all.

    A process that may have no children (a task in a Celery worker) gets threads instead: the solver, which takes most of
    the time, lets other threads run. Processes start with the first theme that is handed to them.

    Args:
        workers: Themes that are attacked at the same time.
    """
    if workers < 2:
        yield None
    elif current_process().daemon:
        with ThreadPoolExecutor(workers) as threads:
            yield threads
    else:
        # Spawned, not forked: the caller may have threads and an open connection.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
            yield processes
