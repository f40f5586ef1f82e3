# SPDX-License-Identifier: MIT
"""Actions as C functions: guards and branches in the order of the text, then the assignments of the path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec.dsl import Action, Sort
from spec.dsl.ir import Const, Given, Path, Put

from .text import Place, Text, name

HERE = Place({"": "s"})


class Guards:
    """The guards of a machine by file and line; C notes the answers of a guard under its number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, given: Given) -> int:
        return self.numbers.setdefault(given.where, len(self.numbers))

    def test(self, given: Given, claim: str) -> str:
        """The statement that leaves the action if the claim is false."""
        return f"GUARD({self.number(given)}, {claim});"


class UnnotedGuards(Guards):
    """The guards of another machine, whose answers are not noted."""

    def test(self, given: Given, claim: str) -> str:
        return f"if (!({claim})) return 0;"


def parameters(action: Action) -> str:
    return "".join(f", int {name(v.name)}" for v in action.params)


def function(action: Action, text: Text, guards: Guards, prefix: str = "act") -> Iterator[str]:
    """The C function of an action: it returns 1 if the action was taken, 0 if a guard is false, WRONG out of bounds."""
    arguments = f"const S *restrict s, S *restrict t, struct heard *restrict h{parameters(action)}"
    yield f"ACTION {prefix}_{action.name}({arguments})"
    yield "{"
    leaves = [*((p, True) for p in action.lifted.paths), *((p, False) for p in action.lifted.refusals)]
    yield from _from(0, leaves, text, guards, "\t")
    yield "}"


def _from(at: int, leaves: Sequence[tuple[Path, bool]], text: Text, guards: Guards, indent: str) -> Iterator[str]:
    """The lines after the conditions that all these paths have in common."""
    first, enabled = leaves[0]
    if at == len(first.conditions):
        yield from (indent + line for line in (_taken(first, text) if enabled else _refused(first, guards)))
        return
    given = first.conditions[at]
    claim = text.of(given.claim, HERE)
    if not given.is_branch:
        yield f"{indent}{guards.test(given, claim)}"
        yield from _from(at + 1, leaves, text, guards, indent)
        return
    same = [leaf for leaf in leaves if leaf[0].conditions[at].claim == given.claim]
    other = [leaf for leaf in leaves if leaf[0].conditions[at].claim != given.claim]
    yield f"{indent}if ({claim}) {{"
    yield from _from(at + 1, same, text, guards, indent + "\t")
    yield f"{indent}}}"
    if other:
        yield from _from(at + 1, other, text, guards, indent)
    else:
        yield f"{indent}return WRONG;"


def _refused(path: Path, guards: Guards) -> list[str]:
    """A guard that is always false on this path."""
    assert path.refused_by
    return [guards.test(path.refused_by, "0"), "return 0;"]


def _taken(path: Path, text: Text) -> Iterator[str]:
    yield "*t = *s;"
    for number, put in enumerate(cell for row in path.puts for cell in row.cells(text.layout.size)):
        yield from _assigned(number, put, text)
    yield "return 1;"


def _assigned(number: int, put: Put, text: Text) -> Iterator[str]:
    """One assignment; what not observable to fit is looked at when it runs."""
    keys = [text.of(k, HERE) for k in put.keys]
    for key, e in zip(keys, put.keys, strict=True):
        if e.domain.optional:
            yield f"if ({key} == 0) return WRONG;"
    if put.field.history:
        yield f"t->grown[{text.cell(put.field, keys)}] = {text.of(put.value, HERE)};"
        yield f"if (t->grown[{text.cell(put.field, keys)}] < s->grown[{text.cell(put.field, keys)}]) return WRONG;"
        return
    codes = text.layout.codes(put.field.domain)
    coded, kind = text.coded(put.value, put.field.domain, HERE)
    if _fits(put, text):
        yield f"put(t, {text.cell(put.field, keys)}, {coded});"
    else:
        yield f"{kind} v{number} = {coded};"
        yield f"if (v{number} < 0 || v{number} >= {len(codes)}) return WRONG;"
        yield f"put(t, {text.cell(put.field, keys)}, v{number});"


def _fits(put: Put, text: Text) -> bool:
    """True if the value is in the domain of the field whatever the state is."""
    domain, value = put.field.domain, put.value
    if domain.base is int:
        return isinstance(value, Const) and value.value in text.layout.codes(domain)
    return not issubclass(domain.base, Sort) or domain.optional or not value.domain.optional
