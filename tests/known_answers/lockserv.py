# SPDX-License-Identifier: MIT
"""A lock server: a client asks for the lock, gets it when it is free, and gives it back.

Source: wilcoxjay/mypyvy at cd80557a, examples/lockserv.pyv, with its inductive invariant.
Published (mypyvy): safe for any number of clients; the lock is held after 3 steps.
Difference in counting: states are not counted there.
"""

from spec.dsl import Machine, Sort, State, field, implies, members, require


class Client(Sort, called="client{n}"):
    """A client."""


class Server(Sort, called="server"):
    """The server."""


class Locks(State):
    """Who has the lock, and the messages under way: each either is under way or is not."""

    clients = members(Client, 1, 8)
    servers = members(Server, 1, 1)
    wanted = field(Client, bool, False, "its request is under way; written by ask and grant")
    granted = field(Client, bool, False, "the grant to it is under way; written by grant and take")
    returned = field(Client, bool, False, "its return is under way; written by give_back and get_back")
    holds = field(Client, bool, False, "it has the lock; written by take and give_back")
    is_free = field(Server, bool, True, "the server has the lock; written by grant and get_back")


def ask(s: Locks, c: Client) -> None:
    """A client asks for the lock; it may at any time."""
    s.wanted[c] = True


def grant(s: Locks, server: Server, c: Client) -> None:
    """The server has the lock, and gives it to one who asked."""
    require(s.is_free[server])
    require(s.wanted[c])

    s.is_free[server] = False
    s.wanted[c] = False
    s.granted[c] = True


def take(s: Locks, c: Client) -> None:
    """The grant arrives."""
    require(s.granted[c])

    s.granted[c] = False
    s.holds[c] = True


def give_back(s: Locks, c: Client) -> None:
    """The client is done."""
    require(s.holds[c])

    s.holds[c] = False
    s.returned[c] = True


def get_back(s: Locks, server: Server, c: Client) -> None:
    """The server has the lock again."""
    require(s.returned[c])

    s.returned[c] = False
    s.is_free[server] = True


def one_holds_the_lock(s: Locks, one: Client, other: Client) -> bool:
    """Published as mutex."""
    return implies(s.holds[one] and s.holds[other], one == other)


def one_is_granted(s: Locks, one: Client, other: Client) -> bool:
    """Published in the inductive invariant."""
    return implies(s.granted[one] and s.granted[other], one == other)


def one_is_returned(s: Locks, one: Client, other: Client) -> bool:
    """Published in the inductive invariant."""
    return implies(s.returned[one] and s.returned[other], one == other)


def it_is_in_one_place(s: Locks, one: Client, other: Client) -> bool:
    """Published in the inductive invariant: not held while it is granted or returned, not granted while returned."""
    held = s.holds[one] and (s.granted[other] or s.returned[other])
    return not held and not (s.granted[one] and s.returned[other])


def what_is_free_is_nowhere_else(s: Locks, c: Client, server: Server) -> bool:
    """Published in the inductive invariant."""
    return implies(s.is_free[server], not s.granted[c] and not s.holds[c] and not s.returned[c])


def the_lock_is_held(s: Locks, c: Client) -> bool:
    """What all of this is for."""
    return s.holds[c]


MODEL = Machine(
    name="lockserv",
    doc="A lock server.",
    state=Locks,
    system=(ask, grant, take, give_back, get_back),
    always=(
        one_holds_the_lock,
        one_is_granted,
        one_is_returned,
        it_is_in_one_place,
        what_is_free_is_nowhere_else,
    ),
    sometimes=(the_lock_is_held,),
    scopes={"tiny": dict(clients=2, servers=1)},
    symmetric=(Client,),
)
