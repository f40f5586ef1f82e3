# SPDX-License-Identifier: MIT
"""Two-phase commit: a transaction manager collects who is prepared, and makes all commit or abort.

Source: tlaplus/Examples at 32a32c7b, specifications/transaction_commit: TwoPhase.tla, TwoPhase.cfg, manifest.json;
three resource managers. TwoPhase_proof.tla proves the invariant for any number of them.
Published (TLC): 288 distinct states, 1146 generated states, depth 11; and 50816 states with six resource managers.
Difference in counting: TLC also counts the initial state as generated, and the first state as depth 1. A message that
is received once more is a step to the same state, which both count.
"""

from spec.dsl import Kind, Machine, Sort, State, each, field, iff, implies, members, require


class Manager(Sort, called="rm{n}"):
    """A resource manager."""


class Coordinator(Sort, called="tm"):
    """The transaction manager."""


class Stage(Kind):
    """How far a resource manager is."""

    WORKING = "still working"
    PREPARED = "ready to commit"
    COMMITTED = "committed"
    ABORTED = "aborted"


class Decision(Kind):
    """What the transaction manager has decided."""

    NONE = "nothing yet"
    COMMIT = "to commit"
    ABORT = "to abort"


class TwoPhase(State):
    """Both sides, and every message that was ever sent: none is taken away."""

    managers = members(Manager, 1, 8)
    coordinators = members(Coordinator, 1, 1)
    stage = field(Manager, Stage, Stage.WORKING, "how far it is; written by what a manager does")
    said_prepared = field(Manager, bool, False, "it has sent that it is prepared; written by prepare")
    known_prepared = field(Manager, bool, False, "the coordinator knows that; written by hear_prepared")
    decision = field(Coordinator, Decision, Decision.NONE, "what is decided; written by what a coordinator does")
    said_commit = field(Coordinator, bool, False, "it has told all to commit; written by decide_to_commit")
    said_abort = field(Coordinator, bool, False, "it has told all to abort; written by decide_to_abort")


def hear_prepared(s: TwoPhase, tm: Coordinator, rm: Manager) -> None:
    """The coordinator reads that a manager is prepared; it may read that again."""
    require(s.decision[tm] == Decision.NONE)
    require(s.said_prepared[rm])

    s.known_prepared[rm] = True


def decide_to_commit(s: TwoPhase, tm: Coordinator) -> None:
    """All are known to be prepared."""
    require(s.decision[tm] == Decision.NONE)
    require(each(s.managers, lambda m: s.known_prepared[m]))

    s.decision[tm] = Decision.COMMIT
    s.said_commit[tm] = True


def decide_to_abort(s: TwoPhase, tm: Coordinator) -> None:
    """The coordinator may abort as long as nothing is decided."""
    require(s.decision[tm] == Decision.NONE)

    s.decision[tm] = Decision.ABORT
    s.said_abort[tm] = True


def prepare(s: TwoPhase, rm: Manager) -> None:
    """A manager is prepared, and sends that."""
    require(s.stage[rm] == Stage.WORKING)

    s.stage[rm] = Stage.PREPARED
    s.said_prepared[rm] = True


def give_up(s: TwoPhase, rm: Manager) -> None:
    """A manager that is not prepared aborts by itself, without a message."""
    require(s.stage[rm] == Stage.WORKING)

    s.stage[rm] = Stage.ABORTED


def obey_commit(s: TwoPhase, tm: Coordinator, rm: Manager) -> None:
    """A manager reads that all commit."""
    require(s.said_commit[tm])

    s.stage[rm] = Stage.COMMITTED


def obey_abort(s: TwoPhase, tm: Coordinator, rm: Manager) -> None:
    """A manager reads that all abort."""
    require(s.said_abort[tm])

    s.stage[rm] = Stage.ABORTED


def no_two_decide_differently(s: TwoPhase, one: Manager, other: Manager) -> bool:
    """Published as TCConsistent, the invariant of TCommit, which this implements."""
    return not (s.stage[one] == Stage.ABORTED and s.stage[other] == Stage.COMMITTED)


def what_is_said_is_what_is_decided(s: TwoPhase, tm: Coordinator) -> bool:
    """A lemma: both messages go with their decision."""
    commits, aborts = s.decision[tm] == Decision.COMMIT, s.decision[tm] == Decision.ABORT
    return iff(s.said_commit[tm], commits) and iff(s.said_abort[tm], aborts)


def who_is_known_to_be_prepared_said_so(s: TwoPhase, rm: Manager) -> bool:
    """A lemma: no other manager is known."""
    return implies(s.known_prepared[rm], s.said_prepared[rm])


def who_said_so_keeps_to_it(s: TwoPhase, rm: Manager, tm: Coordinator) -> bool:
    """A lemma: a manager that sent that it is prepared waits for the decision."""
    waits = s.stage[rm] == Stage.PREPARED
    decided = s.stage[rm] == Stage.COMMITTED or (s.stage[rm] == Stage.ABORTED and s.said_abort[tm])
    return implies(s.said_prepared[rm], waits or decided)


def all_are_known_once_it_commits(s: TwoPhase, rm: Manager, tm: Coordinator) -> bool:
    """A lemma: the decision to commit is made when all are prepared."""
    return implies(s.said_commit[tm], s.known_prepared[rm])


def who_committed_was_told(s: TwoPhase, rm: Manager, tm: Coordinator) -> bool:
    """A lemma: no manager commits by itself."""
    return implies(s.stage[rm] == Stage.COMMITTED, s.said_commit[tm])


def all_have_committed(s: TwoPhase) -> bool:
    """The transaction can succeed."""
    return each(s.managers, lambda m: s.stage[m] == Stage.COMMITTED)


def all_have_decided(s: TwoPhase) -> bool:
    """Where a run may end."""
    return each(s.managers, lambda m: s.stage[m] in (Stage.COMMITTED, Stage.ABORTED))


MODEL = Machine(
    name="two_phase",
    doc="Two-phase commit.",
    state=TwoPhase,
    system=(hear_prepared, decide_to_commit, decide_to_abort, prepare, give_up, obey_commit, obey_abort),
    always=(
        no_two_decide_differently,
        what_is_said_is_what_is_decided,
        who_is_known_to_be_prepared_said_so,
        who_said_so_keeps_to_it,
        all_are_known_once_it_commits,
        who_committed_was_told,
    ),
    sometimes=(all_have_committed,),
    scopes={"tiny": dict(managers=3, coordinators=1)},
    symmetric=(Manager,),
    place=TwoPhase.stage,
    final=all_have_decided,
)
