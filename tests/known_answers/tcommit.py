# SPDX-License-Identifier: MIT
"""Transaction commit: resource managers prepare, and then all of them commit or none does.

Source: tlaplus/Examples at 32a32c7b, specifications/transaction_commit: TCommit.tla, TCommit.cfg, manifest.json; three
resource managers. TCommit_proof.tla proves the invariant for any number of them.
Published (TLC): 34 distinct states, 94 generated states, depth 7.
Difference in counting: TLC also counts the initial state as generated, and the first state as depth 1.
"""

from spec.dsl import Kind, Machine, Sort, State, each, field, members, require


class Manager(Sort, called="rm{n}"):
    """A resource manager."""


class Stage(Kind):
    """How far a resource manager is."""

    WORKING = "still working"
    PREPARED = "ready to commit"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Commit(State):
    """Resource managers, and how far each is."""

    managers = members(Manager, 1, 8)
    stage = field(Manager, Stage, Stage.WORKING, "how far it is; written by every action")


def prepare(s: Commit, rm: Manager) -> None:
    """The work is done: it could commit now."""
    require(s.stage[rm] == Stage.WORKING)

    s.stage[rm] = Stage.PREPARED


def commit(s: Commit, rm: Manager) -> None:
    """All are prepared, or have committed already."""
    require(s.stage[rm] == Stage.PREPARED)
    require(each(s.managers, lambda m: s.stage[m] in (Stage.PREPARED, Stage.COMMITTED)))

    s.stage[rm] = Stage.COMMITTED


def abort(s: Commit, rm: Manager) -> None:
    """No manager has committed."""
    require(s.stage[rm] in (Stage.WORKING, Stage.PREPARED))
    require(each(s.managers, lambda m: s.stage[m] != Stage.COMMITTED))

    s.stage[rm] = Stage.ABORTED


def no_two_decide_differently(s: Commit, one: Manager, other: Manager) -> bool:
    """Published as TCConsistent."""
    return not (s.stage[one] == Stage.ABORTED and s.stage[other] == Stage.COMMITTED)


def all_have_committed(s: Commit) -> bool:
    """The transaction can succeed."""
    return each(s.managers, lambda m: s.stage[m] == Stage.COMMITTED)


def all_have_decided(s: Commit) -> bool:
    """Where a run may end."""
    return each(s.managers, lambda m: s.stage[m] in (Stage.COMMITTED, Stage.ABORTED))


MODEL = Machine(
    name="tcommit",
    doc="Transaction commit.",
    state=Commit,
    system=(prepare, commit, abort),
    always=(no_two_decide_differently,),
    sometimes=(all_have_committed,),
    scopes={"tiny": dict(managers=3)},
    symmetric=(Manager,),
    place=Commit.stage,
    final=all_have_decided,
)
