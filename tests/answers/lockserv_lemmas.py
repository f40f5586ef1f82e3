# SPDX-License-Identifier: MIT
"""Ivy / mypyvy / ic3po benchmark `lockserv`: a lock server and clients.

Published verdict: mutual exclusion is an invariant for any number of nodes.

A message to a client is a set of clients (`lock_msg(N)` ...), as in the original; the server is one.
"""

from spec.dsl import Machine, Sort, State, field, implies, members, require


class Node(Sort, called="n{n}"):
    """A client."""


class Server(Sort, called="server"):
    """The server."""


class S(State):
    nodes = members(Node, 1, 8)
    servers = members(Server, 1, 1)
    lock_msg = field(Node, bool, False, "lock_msg(n)")
    grant_msg = field(Node, bool, False, "grant_msg(n)")
    unlock_msg = field(Node, bool, False, "unlock_msg(n)")
    holds_lock = field(Node, bool, False, "holds_lock(n)")
    server_holds_lock = field(Server, bool, True, "server_holds_lock")


def send_lock(s: S, n: Node) -> None:
    s.lock_msg[n] = True


def recv_lock(s: S, n: Node, v: Server) -> None:
    require(s.server_holds_lock[v])
    require(s.lock_msg[n])
    s.server_holds_lock[v] = False
    s.lock_msg[n] = False
    s.grant_msg[n] = True


def recv_grant(s: S, n: Node) -> None:
    require(s.grant_msg[n])
    s.grant_msg[n] = False
    s.holds_lock[n] = True


def unlock(s: S, n: Node) -> None:
    require(s.holds_lock[n])
    s.holds_lock[n] = False
    s.unlock_msg[n] = True


def recv_unlock(s: S, n: Node, v: Server) -> None:
    require(s.unlock_msg[n])
    s.unlock_msg[n] = False
    s.server_holds_lock[v] = True


def mutex(s: S, a: Node, b: Node) -> bool:
    """The published invariant: at most one client holds the lock."""
    return implies(s.holds_lock[a] and s.holds_lock[b], a == b)


def one_grant(s: S, a: Node, b: Node) -> bool:
    """Published in the inductive invariant."""
    return implies(s.grant_msg[a] and s.grant_msg[b], a == b)


def one_unlock(s: S, a: Node, b: Node) -> bool:
    """Published in the inductive invariant."""
    return implies(s.unlock_msg[a] and s.unlock_msg[b], a == b)


def not_granted_while_held(s: S, a: Node, b: Node) -> bool:
    """Published in the inductive invariant."""
    return not (s.grant_msg[a] and s.holds_lock[b])


def not_granted_while_unlocking(s: S, a: Node, b: Node) -> bool:
    """Published in the inductive invariant."""
    return not (s.grant_msg[a] and s.unlock_msg[b])


def not_held_while_unlocking(s: S, a: Node, b: Node) -> bool:
    """Published in the inductive invariant."""
    return not (s.holds_lock[a] and s.unlock_msg[b])


def the_server_has_it_alone(s: S, a: Node, v: Server) -> bool:
    """Published in the inductive invariant."""
    return implies(s.server_holds_lock[v], not s.grant_msg[a] and not s.holds_lock[a] and not s.unlock_msg[a])


MODEL = Machine(
    name="lockserv",
    doc="Lock server.",
    state=S,
    system=(send_lock, recv_lock, recv_grant, unlock, recv_unlock),
    always=(
        mutex,
        one_grant,
        one_unlock,
        not_granted_while_held,
        not_granted_while_unlocking,
        not_held_while_unlocking,
        the_server_has_it_alone,
    ),
    scopes={"tiny": dict(nodes=3, servers=1)},
    symmetric=(Node,),
)
