# SPDX-License-Identifier: MIT
"""Whether the end can be reached from every state: both engines, and a library's graph search, say the same."""

from __future__ import annotations

from array import array
from random import Random

import networkx as nx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from checkers import engines, judging
from checkers.core.ends import Ends, without_end
from checkers.core.verdict import Kind, Outcome, Verdict
from checkers.draw.states import Incomplete, state_graph
from checkers.engines import EngineChoice
from checkers.explore.ends import can_end
from checkers.explore.search import Budget
from checkers.judging import Question
from checkers.report.tables import counterexample_lines
from poolproof import catalog
from spec.dsl import Machine, Sort
from tests.checkers.native.ways import KINDS, needs_a_compiler
from tests.machines import machines, module
from tests.poolproof.drivers import DRIVER

PYTHON = EngineChoice("python")

TRAP = '''
def lose(s: Driver, page: Page) -> None:
    """A put that does nothing: the stack forgets the page, and keeps it."""
    require(s.place[page] == Place.STACK)
    require(not s.dirty[page])

    s.dirty[page] = True


def put(s: Driver, page: Page) -> None:
    """The stack gives back a page that it has not lost."""
    require(s.place[page] == Place.STACK)
    require(not s.dirty[page])

    s.place[page] = Place.FREE


def forget(s: Driver, page: Page) -> None:
    """A page that is lost still moves about."""
    require(s.dirty[page])

    s.dirty[page] = True


def scrub(s: Driver, page: Page) -> None:
    """A lost page is put back and forth, so that nothing is ever stuck."""
    require(s.dirty[page])

    s.place[page] = Place.RING if s.place[page] == Place.STACK else Place.STACK


def everything_is_free(s: Driver) -> bool:
    """A run may end here."""
    return each(s.pages, lambda p: s.place[p] == Place.FREE)


'''


def driver(**changes: str) -> Machine:
    """The driver of the tests with an end, and changes to its declaration."""
    text = DRIVER.replace("import Kind,", "import each, Kind,") + TRAP
    given_ = ", ".join(f"{name}={value}" for name, value in {"final": "everything_is_free", **changes}.items())
    made: Machine = module(f"{text}MODEL = driver({given_})\n").MODEL
    return made


def trapped() -> Machine:
    """A driver that may lose a page, and goes on for ever."""
    return driver(system="(post, receive, put, lose, scrub)", steps="()", always="()")


def ended(machine: Machine, choice: EngineChoice = PYTHON) -> Verdict:
    """The verdict on the end."""
    question = Question(machine, machine.name, "tiny", machine.sizes("tiny", {}), machine.symmetric, choice=choice)
    (found,) = [v for v in judging.check(question)[1] if v.kind is Kind.END]
    return found


def by_networkx(machine: Machine, symmetric: tuple[type[Sort], ...]) -> tuple[int, int]:
    """The number of states without a way to the end, and the depth of the nearest."""
    graph = state_graph(machine, machine.sizes("tiny", {}), symmetric, Budget(states=1500))
    final = [n for n, is_final in graph.nodes(data="final") if is_final]
    ends = set(final).union(*(nx.ancestors(graph, n) for n in final))
    stuck = [n for n in graph if n not in ends]
    return len(stuck), min((graph.nodes[n]["depth"] for n in stuck), default=0)


def both(found: Ends) -> tuple[int, int]:
    return found.stuck, len(found.trace.steps) if found.trace else 0


@pytest.mark.parametrize("machine", [m for m in catalog.SOUND if m.final], ids=lambda m: m.name)
def test_the_end_of_each_shipped_model_can_be_reached(machine: Machine) -> None:
    """From every state of the scope tiny, by both engines."""
    for engine in ("python", "c"):
        if engine == "python" or KINDS:
            sizes = machine.sizes("tiny", {})
            assert both(engines.ends(machine, sizes, machine.symmetric, choice=EngineChoice(engine))) == (0, 0)


def test_a_state_without_an_end_is_found_though_nothing_is_stuck() -> None:
    """The run to it is shortest, and the note says how many there are and where a page is in all of them."""
    found = ended(trapped())
    assert (found.outcome, found.expected, found.code, found.steps) == (Outcome.NO_END, False, 11, 3)
    assert "states no run leads to the end" in found.note
    assert (
        counterexample_lines(found)[-1].strip().startswith("From here no run leads to a state in which a run may end.")
    )


def test_what_all_of_them_have_in_common_is_a_place() -> None:
    """A page that is lost in one place only."""
    machine = driver(system="(post, receive, put, lose, forget)", steps="()", always="()")
    assert ended(machine).note.endswith("; in each of them there is one in STACK")


def test_without_a_declared_end_nothing_is_asked() -> None:
    """Nor of a broken model, of which one violation is expected."""
    machine = driver(final="None")
    question = Question(machine, "m", "tiny", machine.sizes("tiny", {}), machine.symmetric)
    assert not [v for v in judging.check(question)[1] if v.kind is Kind.END]


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(), st.booleans(), st.sampled_from(sorted(KINDS)))
@needs_a_compiler
def test_random_machines_have_the_states_that_networkx_finds(machine: Machine, symmetric: bool, way: str) -> None:
    """Their number, and the length of a shortest run to one, in Python and in each form in C."""
    assume(machine.final)
    sorts = machine.symmetric if symmetric else ()
    try:
        wanted = by_networkx(machine, sorts)
    except Incomplete:
        assume(False)
    sizes = machine.sizes("tiny", {})
    in_python = engines.ends(machine, sizes, sorts, choice=PYTHON)
    assert both(in_python) == both(engines.ends(machine, sizes, sorts, choice=EngineChoice("c", KINDS[way]))) == wanted
    if in_python.trace:
        *before, last = in_python.trace.codes
        assert not can_end(machine, sizes, last)
        assert all(can_end(machine, sizes, code) for code in before)


@pytest.mark.parametrize("seed", range(20))
def test_the_closure_is_that_of_any_graph(seed: int) -> None:
    """In however many parts its edges come."""
    random, size = Random(seed), 30
    edges = [(random.randrange(size), random.randrange(size)) for _ in range(40)]
    final = bytearray(random.random() < 0.1 for _ in range(size))
    graph: nx.DiGraph[int] = nx.DiGraph(edges)
    graph.add_nodes_from(range(size))
    ends = {n for n in range(size) if final[n]}
    ends |= {a for n in ends for a in nx.ancestors(graph, n)}
    parts = [array("I", [n for edge in edges[at : at + 7] for n in edge]) for at in range(0, len(edges), 7)]
    assert without_end(final, parts) == [n for n in range(size) if n not in ends]


def test_too_little_memory_or_time_is_no_answer() -> None:
    """The verdict is undecided, and says why."""
    machine = trapped()
    sizes = machine.sizes("tiny", {})
    assert engines.ends(machine, sizes, machine.symmetric, Budget(states=2), choice=PYTHON).stopped
    in_c = engines.ends(machine, sizes, machine.symmetric, Budget(memory=1), choice=EngineChoice("c"))
    assert str(in_c.stopped and in_c.stopped.reason) == "Reason.MEMORY"
