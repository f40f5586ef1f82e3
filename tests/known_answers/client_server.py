# SPDX-License-Identifier: MIT
"""Clients send requests, a server answers each with a response that matches it.

Source: wilcoxjay/mypyvy at cd80557a, examples/client_server_ae.pyv, after Feldman, Padon, Immerman, Sagiv and Shoham,
"Bounded Quantifier Instantiation for Checking Inductive Invariants" (TACAS 2017).
Published (mypyvy): safe for any number of nodes, requests and responses; the invariant given there is inductive.
Difference in counting: none is counted there. Which response matches which request is fixed and unknown: here each way
is an initial state, and no action writes it.
"""

from spec.dsl import ANY, Machine, Sort, State, each, field, implies, members, require, some


class Node(Sort, called="node{n}"):
    """A client."""


class Request(Sort, called="request{n}"):
    """A request."""


class Response(Sort, called="response{n}"):
    """A response."""


class Net(State):
    """What was sent, and what was received."""

    nodes = members(Node, 1, 4)
    responses = members(Response, 1, 4)
    requests = members(Request, 1, 4)
    match = field((Request, Response), bool, ANY, "the response is one to this request; never written")
    asked = field((Node, Request), bool, False, "the node has sent the request; written by ask")
    answered = field((Node, Response), bool, False, "the response was sent to the node; written by respond")
    received = field((Node, Response), bool, False, "the node has received the response; written by receive")


def ask(s: Net, n: Node, request: Request) -> None:
    """A node sends a request."""
    s.asked[n, request] = True


def respond(s: Net, n: Node, request: Request, response: Response) -> None:
    """The server answers with any response that matches."""
    require(s.asked[n, request])
    require(s.match[request, response])

    s.answered[n, response] = True


def receive(s: Net, n: Node, response: Response) -> None:
    """A node gets what was sent to it."""
    require(s.answered[n, response])

    s.received[n, response] = True


def what_is_received_was_asked_for(s: Net, n: Node, response: Response) -> bool:
    """Published as the safety property."""
    return implies(s.received[n, response], some(s.requests, lambda r: s.asked[n, r] and s.match[r, response]))


def what_is_answered_was_asked_for(s: Net, n: Node, response: Response) -> bool:
    """Published as the invariant it rests on."""
    return implies(s.answered[n, response], some(s.requests, lambda r: s.asked[n, r] and s.match[r, response]))


def a_response_is_received(s: Net, n: Node, response: Response) -> bool:
    """What all of this is for."""
    return s.received[n, response]


def all_is_asked(s: Net) -> bool:
    """Where a run may end: every request has been sent."""
    return each(s.nodes, lambda n: each(s.requests, lambda r: s.asked[n, r]))


MODEL = Machine(
    name="client_server",
    doc="Requests and responses.",
    state=Net,
    system=(ask, respond, receive),
    always=(what_is_received_was_asked_for, what_is_answered_was_asked_for),
    sometimes=(a_response_is_received,),
    scopes={"tiny": dict(nodes=1, responses=2, requests=2)},
    symmetric=(Node, Response, Request),
    final=all_is_asked,
)
