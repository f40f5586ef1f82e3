# SPDX-License-Identifier: MIT
"""Dijkstra's termination detection on a ring (EWD 840), of three nodes.

Source: tlaplus/Examples at 32a32c7b, specifications/ewd840: EWD840.tla, EWD840.cfg, manifest.json; N = 3.
Published (TLC): 302 distinct states, 2001 generated states, depth 10.
Difference in counting: TLC also counts the 192 initial states as generated, and a first state as depth 1. It takes a
guard `A or B or C` as three paths, and where k of them hold it generates the same state k times; `AGAIN` lists where,
184 times. The published depth is one more than the least. That it was found by several workers, which may reach a
state late (tlaplus/tlaplus issue 883), is the likely reason; for it the check of tlaplus/Examples itself
(.github/scripts/tla_utils.py) compares distinct and generated states only.
"""

from spec.dsl import ANY, Kind, Machine, Sort, State, each, field, implies, members, require, some


class Node(Sort, called="n{n}"):
    """A node of the ring; the token goes from n2 to n1 to n0, and from there to n2."""


class Token(Sort, called="token"):
    """The token."""


class Colour(Kind):
    """What a node or the token remembers."""

    WHITE = "nothing"
    BLACK = "that a node may have been woken behind the token"


class Ring(State):
    """Nodes that work, and the token that finds out when all are done."""

    nodes = members(Node, 3, 3)
    tokens = members(Token, 1, 1)
    active = field(Node, bool, ANY, "it works; written by send and stop")
    colour = field(Node, Colour, ANY, "what it remembers; written by send, and by what passes the token on")
    at = field(Token, Node, ANY, "who has it; written by what passes it on")
    stain = field(Token, Colour, Colour.BLACK, "what it remembers; written by what passes it on")


def is_above(one: Node, other: Node) -> bool:
    """Has the first node the higher number?"""
    return implies(one != Node(2), one == Node(1) and other == Node(0)) and one != other


def is_next(to: Node, node: Node) -> bool:
    """Does the token go there from this node, which is not n0?"""
    return implies(node == Node(2), to == Node(1)) and implies(node != Node(2), node == Node(1) and to == Node(0))


def initiate_probe(s: Ring, token: Token) -> None:
    """The last round was inconclusive: n0 sends a white token on its way."""
    require(s.at[token] == Node(0))
    require(s.stain[token] == Colour.BLACK or s.colour[Node(0)] == Colour.BLACK)

    s.at[token] = Node(2)
    s.stain[token] = Colour.WHITE
    s.colour[Node(0)] = Colour.WHITE


def pass_token(s: Ring, token: Token, node: Node, to: Node) -> None:
    """A node that is done passes it on; so does one that works, if the round is inconclusive anyway."""
    require(s.at[token] == node)
    require(is_next(to, node))
    require(not s.active[node] or s.colour[node] == Colour.BLACK or s.stain[token] == Colour.BLACK)

    s.at[token] = to
    if s.colour[node] == Colour.BLACK:
        s.stain[token] = Colour.BLACK
    s.colour[node] = Colour.WHITE


def send(s: Ring, node: Node, to: Node) -> None:
    """A node that works wakes another one; if that one has the higher number, it remembers so."""
    require(s.active[node])
    require(node != to)

    s.active[to] = True
    if to == Node(2) or node == Node(0):
        s.colour[node] = Colour.BLACK


def stop(s: Ring, node: Node) -> None:
    """A node is done."""
    require(s.active[node])

    s.active[node] = False


def is_detected(s: Ring, token: Token) -> bool:
    """n0 is done and has a white token."""
    white = s.stain[token] == Colour.WHITE and s.colour[Node(0)] == Colour.WHITE
    return s.at[token] == Node(0) and white and not s.active[Node(0)]


def what_is_detected_is_so(s: Ring, token: Token, node: Node) -> bool:
    """Published as TerminationDetection."""
    return implies(is_detected(s, token), not s.active[node])


def is_at_or_below(s: Ring, node: Node, token: Token) -> bool:
    """Does the token still come by, or is it here?"""
    return s.at[token] == node or is_above(s.at[token], node)


def dijkstras_invariant(s: Ring, token: Token) -> bool:
    """Published as Inv: all behind the token are done, or one before it or the token itself is black."""
    done = each(s.nodes, lambda n: implies(is_above(n, s.at[token]), not s.active[n]))
    warned = not each(s.nodes, lambda n: implies(is_at_or_below(s, n, token), s.colour[n] == Colour.WHITE))
    return done or warned or s.stain[token] == Colour.BLACK


def termination_is_detected(s: Ring, token: Token) -> bool:
    """What all of this is for."""
    return is_detected(s, token)


def it_is_over(s: Ring) -> bool:
    """Where a run may end."""
    return some(s.tokens, lambda t: is_detected(s, t))


def initiate_probe_again(s: Ring, token: Token) -> bool:
    """Both halves of the guard of initiate_probe hold."""
    return s.at[token] == Node(0) and s.stain[token] == Colour.BLACK and s.colour[Node(0)] == Colour.BLACK


def pass_token_again(s: Ring, token: Token, node: Node) -> bool:
    """The second part of the guard of pass_token holds, after the first."""
    black = s.colour[node] == Colour.BLACK
    return s.at[token] == node and node != Node(0) and black and not s.active[node]


def pass_token_once_more(s: Ring, token: Token, node: Node) -> bool:
    """The third part of the guard of pass_token holds, after the first or the second."""
    before = not s.active[node] or s.colour[node] == Colour.BLACK
    return s.at[token] == node and node != Node(0) and before and s.stain[token] == Colour.BLACK


AGAIN = (initiate_probe_again, pass_token_again, pass_token_once_more)

MODEL = Machine(
    name="ewd840",
    doc="Termination detection on a ring.",
    state=Ring,
    system=(initiate_probe, pass_token),
    environment=(send, stop),
    always=(what_is_detected_is_so, dijkstras_invariant),
    sometimes=(termination_is_detected,),
    scopes={"tiny": dict(nodes=3, tokens=1)},
    final=it_is_over,
)
