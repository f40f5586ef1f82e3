# SPDX-License-Identifier: MIT
"""Prisoners and two switches: one of four counts, until all must have been in the room.

Source: tlaplus/Examples at 32a32c7b, specifications/Prisoners: Prisoners.tla, Prisoners.cfg, manifest.json; four
prisoners, one of whom counts.
Published (TLC): 214 distinct states, 860 generated states, depth 14.
Difference in counting: TLC also counts the four initial states as generated, and a first state as depth 1. The bound
of the count is an invariant there and a guard here, as the notation demands; it is never false, or there would
be states in which the counter cannot move, and fewer than four steps for each of 214 states.
"""

from spec.dsl import ANY, Machine, Sort, State, between, count, field, implies, members, require


class Prisoner(Sort, called="prisoner{n}"):
    """A prisoner who does not count."""


class Room(Sort, called="room"):
    """The room with the switches, and the prisoner who counts."""


class Prison(State):
    """Two switches, and what each prisoner remembers."""

    prisoners = members(Prisoner, 3, 3)
    rooms = members(Room, 1, 1)
    a_is_up = field(Room, bool, ANY, "the switch that tells something; written by signal and note")
    b_is_up = field(Room, bool, ANY, "the switch for who has nothing to tell; written by the two that idle")
    noted = field(Room, between(0, 7), 0, "how often the counter found switch A up; written by note")
    signals = field(Prisoner, between(0, 2), 0, "how often a prisoner moved switch A up; written by signal")


def signal(s: Prison, p: Prisoner, room: Room) -> None:
    """Switch A is down, and the prisoner has moved it up less than twice."""
    require(not s.a_is_up[room])
    require(s.signals[p] < 2)

    s.a_is_up[room] = True
    s.signals[p] = s.signals[p] + 1


def idle(s: Prison, p: Prisoner, room: Room) -> None:
    """A prisoner with nothing to signal moves switch B."""
    require(s.a_is_up[room] or s.signals[p] == 2)

    s.b_is_up[room] = not s.b_is_up[room]


def note(s: Prison, room: Room) -> None:
    """The counter finds switch A up, and moves it down."""
    require(s.a_is_up[room])
    require(s.noted[room] < 7)

    s.a_is_up[room] = False
    s.noted[room] = s.noted[room] + 1


def note_nothing(s: Prison, room: Room) -> None:
    """The counter finds switch A down, and moves switch B."""
    require(not s.a_is_up[room])

    s.b_is_up[room] = not s.b_is_up[room]


def all_signals(s: Prison) -> int:
    """How often all prisoners moved switch A up."""
    once = count(s.prisoners, lambda p: s.signals[p] >= 1)
    return once + count(s.prisoners, lambda p: s.signals[p] == 2)


def who_declares_is_right(s: Prison, p: Prisoner, room: Room) -> bool:
    """Published as Safety: when the counter has noted six, each other prisoner was there."""
    return implies(s.noted[room] == 6, s.signals[p] >= 1)


def the_count_is_right(s: Prison, room: Room) -> bool:
    """Published as CountInvariant: it may be one too many, as switch A may have been up at first."""
    counted = s.noted[room] + (1 if s.a_is_up[room] else 0)
    return counted in (all_signals(s), all_signals(s) + 1)


def the_counter_declares(s: Prison, room: Room) -> bool:
    """What all of this is for."""
    return s.noted[room] == 6


MODEL = Machine(
    name="prisoners",
    doc="Prisoners and two switches.",
    state=Prison,
    system=(signal, idle, note, note_nothing),
    always=(who_declares_is_right, the_count_is_right),
    sometimes=(the_counter_declares,),
    scopes={"tiny": dict(prisoners=3, rooms=1)},
    symmetric=(Prisoner,),
)
