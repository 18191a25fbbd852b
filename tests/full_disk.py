"""A disk with little room: files are cut at a size by the system, which then answers as a full disk does."""

import contextlib
import signal

import pytest


@contextlib.contextmanager
def full_disk(size):
    """No file of this process grows beyond ``size`` bytes."""
    resource = pytest.importorskip("resource", reason="the size of files is limited on POSIX only")
    _, most = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
