"""`poolproof new`: the skeleton of a driver's model, small enough to be read whole."""

from __future__ import annotations

from pathlib import Path

from .asking import BadRequest

TEXT = '''"""My driver: what it does with its pages. Ask with `poolproof check {name}`."""

from spec.dsl import Machine, require
from spec.ownership import ALWAYS, STEPS, everything_is_over, ownership
from spec.page import Ownership, Page, Place, Pool
from spec.page_actions import cpu_write, enter, recycle, rx_complete, rx_post, sync_for_cpu
from spec.pool_actions import device_unbind, pool_create, pool_destroy, pool_detach, pool_free, scrub, unmap_early


def rx_drop(s: Ownership, page: Page, pool: Pool) -> None:
    """My driver's own step: a packet it does not want goes straight back to its pool."""
    require(s.home[page] == pool)
    recycle(s, page)


def a_packet_was_received(s: Ownership, page: Page) -> bool:
    """It must be possible that the driver holds a received page; a model that forbids everything proves nothing."""
    return s.place[page] == Place.STACK


MODEL = Machine(
    name="{stem}",
    doc="My driver: refill, receive, drop.",
    state=Ownership,
    system=(
        enter, rx_post, rx_complete, sync_for_cpu, rx_drop,
        pool_create, pool_destroy, scrub, unmap_early, pool_detach, pool_free,
    ),
    environment=(cpu_write, device_unbind),
    always=ALWAYS,
    steps=STEPS,
    sometimes=(a_packet_was_received,),
    scopes={{"tiny": dict(pages=2, pools=1, devices=1, ring_size=1, tx_limit=1, max_refs=1, live_pools=1)}},
    symmetric=(Page, Pool),
    place=Ownership.place,
    final=everything_is_over,
    refines=ownership,
)
'''


def write(path: Path) -> None:
    """Write the skeleton; whatever is there already stays as it is."""
    if path.suffix != ".py":
        raise BadRequest(f"{path}: a model is a Python file; give a name that ends in .py")
    if not path.parent.is_dir():
        raise BadRequest(f"{path}: the directory {path.parent} does not exist; create it or write elsewhere")
    try:
        with path.open("x") as file:
            file.write(TEXT.format(name=path, stem=path.stem))
    except FileExistsError:
        raise BadRequest(f"{path}: exists already and is left as it is; give another name") from None
