"""Processes that work are ended without a word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qdecay._support.processes import Processes


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="loky may use pgrep there")
def test_a_signal_to_all_processes_disturbs_no_end(tmp_path: Path, monkeypatch, capfd) -> None:
    """Such as that of `timeout`, which would also end the `pgrep` that loky starts without psutil.

    Without any `pgrep`, as in small containers, it would end nothing at all.
    """
    (tmp_path / "pgrep").write_text("#!/bin/sh\nkill -TERM $$\n")
    (tmp_path / "pgrep").chmod(0o755)
    processes = Processes(1)
    worker = processes.submit(os.getpid).result()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    processes.close()
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
