# SPDX-License-Identifier: MIT
"""Peterson's mutual exclusion of two processes.

Source: tlaplus/Examples at 32a32c7b, specifications/locks_auxiliary_vars: Peterson.tla, Peterson.cfg, manifest.json.
The module proves its invariant, which contains mutual exclusion; so does examples/peterson.pyv of wilcoxjay/mypyvy at
cd80557a, by which a process is inside after 4 steps.
Published (TLC): 42 distinct states, 77 generated states, depth 11.
Difference in counting: TLC also counts the initial state as generated, and the first state as depth 1. It takes a
guard `A or B` as two paths, and where both hold it generates the same state twice; `AGAIN` lists where. That never
happens here: while a process waits and has the turn, the flag of the other one is up.
"""

from spec.dsl import Kind, Machine, Sort, State, field, iff, implies, members, require


class Process(Sort, called="p{n}"):
    """One of the two."""


class Memory(Sort, called="memory"):
    """What both share."""


class At(Kind):
    """The step a process takes next."""

    IDLE = "anything but the critical section"
    ASK = "raise the flag"
    YIELD = "give the turn away"
    WAIT = "wait"
    CRITICAL = "leave the critical section"
    EXIT = "lower the flag"


class Peterson(State):
    """Two processes, their flags, and whose turn it is."""

    processes = members(Process, 2, 2)
    memories = members(Memory, 1, 1)
    at = field(Process, At, At.IDLE, "its next step; written by every action")
    flag = field(Process, bool, False, "it wants to enter; written by ask and leave")
    turn = field(Memory, Process, Process(0), "who may go first; written by give_way")


def begin(s: Peterson, p: Process) -> None:
    """It wants to enter."""
    require(s.at[p] == At.IDLE)

    s.at[p] = At.ASK


def ask(s: Peterson, p: Process) -> None:
    """It raises its flag."""
    require(s.at[p] == At.ASK)

    s.at[p] = At.YIELD
    s.flag[p] = True


def give_way(s: Peterson, p: Process, other: Process, memory: Memory) -> None:
    """It lets the other one go first."""
    require(p != other)
    require(s.at[p] == At.YIELD)

    s.at[p] = At.WAIT
    s.turn[memory] = other


def enter(s: Peterson, p: Process, other: Process, memory: Memory) -> None:
    """The other one does not want to, or has given way."""
    require(p != other)
    require(s.at[p] == At.WAIT)
    require(not s.flag[other] or s.turn[memory] == p)

    s.at[p] = At.CRITICAL


def work(s: Peterson, p: Process) -> None:
    """It does what must not be disturbed."""
    require(s.at[p] == At.CRITICAL)

    s.at[p] = At.EXIT


def leave(s: Peterson, p: Process) -> None:
    """It takes its wish back."""
    require(s.at[p] == At.EXIT)

    s.at[p] = At.IDLE
    s.flag[p] = False


def inside(s: Peterson, p: Process) -> bool:
    """In the critical section, or with the flag still up behind it."""
    return s.at[p] in (At.CRITICAL, At.EXIT)


def one_is_inside_at_most(s: Peterson, p: Process, other: Process) -> bool:
    """Published in Inv, and as mutex in mypyvy."""
    return implies(inside(s, p) and inside(s, other), p == other)


def the_flag_is_up_from_ask_to_leave(s: Peterson, p: Process) -> bool:
    """Published in Inv."""
    return iff(s.flag[p], s.at[p] not in (At.IDLE, At.ASK))


def who_is_inside_has_the_turn_or_is_alone(s: Peterson, p: Process, other: Process, memory: Memory) -> bool:
    """Published in Inv."""
    alone = s.at[other] in (At.IDLE, At.ASK, At.YIELD)
    return implies(inside(s, p) and p != other, s.turn[memory] == p or alone)


def one_is_inside(s: Peterson, p: Process) -> bool:
    """What all of this is for."""
    return inside(s, p)


def enter_again(s: Peterson, p: Process, other: Process, memory: Memory) -> bool:
    """Both halves of the guard of enter hold."""
    return p != other and s.at[p] == At.WAIT and not s.flag[other] and s.turn[memory] == p


AGAIN = (enter_again,)

MODEL = Machine(
    name="peterson",
    doc="Peterson's mutual exclusion.",
    state=Peterson,
    system=(begin, ask, give_way, enter, work, leave),
    always=(one_is_inside_at_most, the_flag_is_up_from_ask_to_leave, who_is_inside_has_the_turn_or_is_alone),
    sometimes=(one_is_inside,),
    scopes={"tiny": dict(processes=2, memories=1)},
)
