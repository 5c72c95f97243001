"""What axe-core says of a page in a browser; the file AXE has its script."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def faults(page: Any, **options: Any) -> list[tuple[str, list[str]]]:
    """Return the broken rules of accessibility, each with the beginnings of what breaks it.

    Only these leave the browser: to hand over all that axe has looked at takes it most of its time.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Path(os.environ["AXE"]).read_text(encoding="utf-8"))
    return page.evaluate(
        """async options => (await axe.run(document, options)).violations.map(
          fault => [fault.id, fault.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])""",
        options,
    )
