# SPDX-License-Identifier: MIT
"""Machines of three sorts, made from a seed: life cycles that are changed at random, so that there is much to reach.

Another style than tests/writer.py: there a grammar is drawn from, here a walk through states is begun with and
guards, effects and claims about it are put together. The number of a machine decides which features it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from re import search

FEATURES = (
    "any starts", "one cell", "one-member sorts", "histories", "two-page actions", "staged witnesses",
    "names of members", "pairs of keys", "large numbers", "optional members",
)  # fmt: skip

OF_BUFFERS = ("fragments", "rows", "three keys", "pairs", "variables")
"""Features that only machines from the number BUFFERS on have: their pages have fragments."""

BUFFERS = 340

HEAD = """\
from spec.dsl import (
    ANY, NOBODY, Kind, Machine, Sort, State, between, bound, count, each, field, history, iff, implies, members,
    optional, require, some, variable,
)


class Page(Sort, called="{letter}"):
    "A page."


class Frag(Sort):
    "A fragment."


class Pool(Sort):
    "A pool."


class Device(Sort):
    "A device."


class Life(Kind):
    "Four stations."
    A, B, C, D = "a", "b", "c", "d"


"""

GROUPS = {"Page": "pages", "Pool": "pools", "Device": "devices"}
ARGS = {"Page": "page", "Pool": "pool", "Device": "dev", "Frag": "frag"}
ACTIONS = ("act_get", "act_write", "act_put", "act_up", "act_level", "act_down")
CLAIMS = {
    "always": ("invariant_few", "invariant_mapped", "invariant_up", "invariant_kept"),
    "steps": ("step_marks", "step_taken", "step_grown"),
    "sometimes": ("witness_last", "witness_second"),
    "staged": ("first", "second"),
}
"""Names that tests/quality/test_generator_faults.py plants its faults by."""

ONE_CELL = 12
"""One machine in this many has a single cell."""

STATIONS = ("Life.A", "Life.B", "Life.C", "Life.D")


@dataclass(frozen=True)
class Cells:
    """A field: its name, what indexes it, what it holds, its start, and the values it may be given, as text."""

    name: str
    keys: tuple[str, ...]
    holds: str
    start: str
    values: tuple[str, ...]


@dataclass
class Made:
    """The text of a machine, and which features are in it."""

    number: int
    text: str
    features: set[str] = field(default_factory=set)


def made(number: int) -> Made:
    """The machine of this number."""
    return _Maker(number).made()


class _Maker:
    def __init__(self, number: int) -> None:
        self.random = Random(f"poolproof {number}")
        self.number = number
        self.groups = {**GROUPS, "Frag": "frags"} if number >= BUFFERS else GROUPS
        self.wanted = {feature for feature in FEATURES if self.chance(0.35)} - {"one cell"}
        if number % ONE_CELL == 0 and number < BUFFERS:
            self.wanted.add("one cell")
        self.sizes = self._sizes()
        symmetric = [sort for sort in self.groups if "names of members" not in self.wanted or sort != "Device"]
        self.symmetric = self.random.sample(symmetric, len(self.groups) - 1)
        self.fields = self._fields()

    def pick(self, *of: str) -> str:
        return self.random.choice(of)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    # -- the state -------------------------------------------------------------------------------------------------

    def _sizes(self) -> dict[str, int]:
        if "one cell" in self.wanted:
            return {"pages": 1, "pools": 1, "devices": 1}
        sizes = {"pages": self.random.choice((2, 3)), "pools": 2, "devices": 2}
        if "Frag" in self.groups:
            return {"pages": 2, "pools": 1, "devices": self.random.choice((1, 2)), "frags": 2}
        if "one-member sorts" in self.wanted:
            sizes[self.pick("pools", "devices")] = 1
        return sizes

    def _fields(self) -> list[Cells]:
        fields = [Cells("at", ("Page",), "Life", "Life.A", STATIONS)]
        if "one cell" in self.wanted:
            return [Cells("n", (self.pick(*GROUPS),), "between(0, 5)", "0", tuple("012345"))]
        if "optional members" in self.wanted:
            fields.append(Cells("home", ("Page",), "optional(Pool)", "NOBODY", ("NOBODY", "pool")))
        if "pairs of keys" in self.wanted:
            fields.append(Cells("seen", ("Page", "Device"), "bool", "False", ("True", "False")))
        low = self.pick(*(("2147483646", "-3000000000") if "large numbers" in self.wanted else ("0", "-1")))
        numbers = tuple(f"{low} + {n}" for n in range(3))
        number = Cells("n", (self.pick(*GROUPS),), f"between({low}, {low} + 2)", low, numbers)
        rest = [
            number,
            Cells("life", ("Pool",), "Life", "Life.B", STATIONS[1:]),
            Cells("up", ("Device",), "bool", "False", ("True", "False")),
            Cells("of", ("Pool",), "Device", "ANY", ("dev",)),
        ]
        if "large numbers" in self.wanted:
            fields.append(rest.pop(0))
        fields += self._of_buffers() if "Frag" in self.groups else self.random.sample(rest, self.random.randint(1, 2))
        return [self._with_any(f) for f in fields]

    def _of_buffers(self) -> list[Cells]:
        """Fields of fragments, and one without an index."""
        truth = ("True", "False")
        holds = self.random.choice((("Life", "Life.A", STATIONS), ("bool", "False", truth)))
        part = Cells("part", ("Page", "Frag"), *holds)
        sent = Cells("sent", ("Page", "Frag", "Device"), "bool", "False", truth)
        mode = Cells("mode", (), "Life", self.pick("Life.A", "ANY"), STATIONS[:2])
        return self.random.sample([part, sent, mode], self.random.randint(1, 2))

    def _with_any(self, f: Cells) -> Cells:
        if "any starts" in self.wanted and f.keys != ("Page",) and len(f.keys) == 1 and self.chance(0.7):
            return Cells(f.name, f.keys, f.holds, "ANY", f.values)
        fixed = Cells(f.name, f.keys, "Life", "Life.A", STATIONS)
        return f if f.start != "ANY" or "any starts" in self.wanted else fixed

    # -- expressions -----------------------------------------------------------------------------------------------

    def _member(self, sort: str, bound: dict[str, str]) -> str:
        if "names of members" in self.wanted and sort not in self.symmetric and self.chance(0.3):
            return f"{sort}({self.random.randrange(self.sizes[GROUPS[sort]])})"
        return bound.get(sort, "")

    def _cell(self, f: Cells, bound: dict[str, str], s: str = "s") -> str:
        keys = [self._member(k, bound) for k in f.keys]
        return _cell_text(f"{s}.{f.name}", keys) if all(keys) else ""

    def _target(self, f: Cells, bound: dict[str, str]) -> str:
        """A cell to assign to, or a row of fragments."""
        row = {"Frag": ":"} if "Frag" in f.keys and self.chance(0.4) else {}
        return _cell_text(f"s.{f.name}", [{**bound, **row}[k] for k in f.keys])

    def _values(self, f: Cells, bound: dict[str, str]) -> list[str]:
        """The values available here; members of sorts are bound variables."""
        named = {"pool": bound.get("Pool", ""), "dev": bound.get("Device", "")}
        return [v for v in (named.get(v, v) for v in f.values) if v]

    def atom(self, bound: dict[str, str], s: str = "s") -> str:
        """A claim about one cell."""
        for _ in range(20):
            f = self.random.choice(self.fields)
            cell, values = self._cell(f, bound, s), self._values(f, bound)
            if cell and values:
                number = f.holds.startswith("between")
                return f"{cell} {self.pick('==', '!=', *(('<', '>=') if number else ()))} {self.random.choice(values)}"
        return f"count({s}.pages, lambda p0: True) > 0"

    def claim(self, bound: dict[str, str], s: str = "s", depth: int = 2) -> str:
        kind = self.random.randrange(9 if "Frag" in self.groups else 8)
        if depth == 0 or kind < 2:
            return self.atom(bound, s)
        if kind == 2:
            return f"({self.claim(bound, s, depth - 1)} {self.pick('and', 'or')} {self.claim(bound, s, depth - 1)})"
        if kind == 3:
            return f"{self.pick('implies', 'iff')}({self.claim(bound, s, depth - 1)}, {self.atom(bound, s)})"
        if kind == 4:
            return f"not {self.claim(bound, s, depth - 1)}"
        if kind == 8:
            return self.of_pairs(bound, s, depth)
        sort = self.random.choice(list(self.groups))
        name = f"{sort[0].lower()}{sort[-1]}{depth}"
        body = self.claim({**bound, sort: name}, s, depth - 1)
        group = f"{s}.{self.groups[sort]}, lambda {name}: {body}"
        if kind == 5:
            return f"count({group}) {self.pick('<', '<=', '>', '==')} {self.random.randint(0, 2)}"
        return f"{self.pick('each', 'some')}({group})"

    def of_pairs(self, bound: dict[str, str], s: str, depth: int) -> str:
        """A claim about pages and fragments together."""
        one, other = self.random.choice((("Page", "Frag"), ("Page", "Device"), ("Frag", "Page")))
        names = f"x{depth}", f"y{depth}"
        body = self.claim({**bound, one: names[0], other: names[1]}, s, depth - 1)
        group = f"({s}.{self.groups[one]}, {s}.{self.groups[other]}), lambda {', '.join(names)}: {body}"
        how_many = f"count({group}) {self.pick('<', '<=', '>', '==')} {self.random.randint(0, 4)}"
        return self.pick(how_many, how_many, f"{self.pick('each', 'some')}({group})")

    # -- actions ---------------------------------------------------------------------------------------------------

    def _params(self, *more: str) -> dict[str, str]:
        sorts = [sort for sort in self.groups if self.chance(0.4)]
        return {sort: ARGS[sort] for sort in dict.fromkeys((*more, *sorts))}

    def _written(self, name: str, params: list[tuple[str, str]], body: list[str]) -> str:
        parameters = ", ".join(["s: S", *(f"{arg}: {sort}" for sort, arg in params)])
        return f"def {name}({parameters}) -> None:\n" + "".join(f"    {line}\n" for line in body) + "\n\n"

    def action(self, number: int) -> str:
        """One field goes one value on, where a guard permits it; some more happens besides."""
        f = self.fields[number % len(self.fields)]
        wants = {"pool": "Pool", "dev": "Device"}
        bound = self._params(*f.keys, *(wants[v] for v in f.values if v in wants))
        cell, values = _cell_text(f"s.{f.name}", [bound[k] for k in f.keys]), self._values(f, bound)
        at, step = self.random.randrange(len(values)), number // len(self.fields)
        body = [f"require({cell} == {values[at]})"] if self.chance(0.4) and "dev" not in f.values else []
        body += [f"require({self.atom(bound)} or {self.claim(bound, depth=1)})"] if self.chance(0.3) else []
        body.append(f"{self._target(f, bound)} = {values[(at + 1 if body else step) % len(values)]}")
        body += self._besides(bound)
        name = ACTIONS[number] if number < len(ACTIONS) else f"act_{number}"
        return self._written(name, list(bound.items()), body)

    def _besides(self, bound: dict[str, str]) -> list[str]:
        lines = []
        if "histories" in self.wanted and "Page" in bound:
            lines.append(f"s.taken[page] += {self.pick('1', '1', '2')}")
            lines += ["s.posted[page, frag, dev] += 1"] if {"Frag", "Device"} <= bound.keys() else []
        other = self.random.choice(self.fields)
        cell, values = self._cell(other, bound), self._values(other, bound)
        if self.chance(0.4) and cell and values:
            effect = f"{cell} = {self.random.choice(values)}"
            lines += [f"if {self.claim(bound, depth=1)}:", f"    {effect}"] if self.chance(0.5) else [effect]
        return lines

    def exchange(self) -> str:
        """Two pages change places, or one takes what the other has."""
        f = next(f for f in self.fields if f.keys == ("Page",))
        body = ["require(page != other)"] if self.chance(0.7) else []
        body.append(f"require(s.{f.name}[page] != s.{f.name}[other])")
        body += [f"was = s.{f.name}[page]", f"s.{f.name}[page] = s.{f.name}[other]"]
        body += [f"s.{f.name}[other] = was"] if self.chance(0.7) else []
        return self._written("exchange", [("Page", "page"), ("Page", "other")], body)

    # -- the machine -----------------------------------------------------------------------------------------------

    def _claims(self) -> tuple[list[str], dict[str, list[str]]]:
        texts, names = list[str](), dict[str, list[str]](always=[], steps=[], sometimes=[], staged=[])

        def add(kind: str, states: str, claim: str, bound: dict[str, str]) -> str:
            name = CLAIMS[kind][len(names[kind])]
            parameters = ", ".join(
                [*(f"{s}: S" for s in states.split()), *(f"{arg}: {sort}" for sort, arg in bound.items())]
            )
            texts.append(f"def {name}({parameters}) -> bool:\n    return {claim}\n\n\n")
            names[kind].append(name)
            return name

        for _ in range(self.random.randint(2, 4)):
            bound = self._params()
            add("always", "s", self._likely(bound), bound)
        bound = self._params("Page")
        add("steps", "before after", f"implies({self.atom(bound, 'before')}, {self._likely(bound, 'after')})", bound)
        if "histories" in self.wanted and "one cell" not in self.wanted:
            add("steps", "before after", "after.taken[page] - before.taken[page] <= 1", {"Page": "page"})
            grown, at_b = "after.taken[page] - before.taken[page]", "lambda p0: before.at[p0] == Life.B"
            add("steps", "before after", f"count(before.pages, {at_b}) >= {grown}", {"Page": "page"})
        for more in ((), ("Device",)):
            bound = self._params(*more)
            add("sometimes", "s", self.claim(bound), bound)
        if "staged witnesses" in self.wanted:
            bound = self._params("Page")
            add("staged", "s", self.atom(bound), bound)
            add("staged", "before after", f"{self.atom(bound, 'before')} and {self.atom(bound, 'after')}", bound)
        return texts, names

    def _likely(self, bound: dict[str, str], s: str = "s") -> str:
        """A claim that holds more often than a coin would have it."""
        either = [self.claim(bound, s) for _ in range(self.random.randint(1, 4))]
        return " or ".join(f"({one})" for one in either)

    def made(self) -> Made:
        body = ["class S(State):\n"]
        groups = self.groups.items()
        body += [f"    {group} = members({sort}, 1, {3 if sort == 'Page' else 2})\n" for sort, group in groups]
        for f in self.fields:
            keys = f.keys[0] if len(f.keys) == 1 else f"({', '.join(f.keys)})"
            declared = f"field({keys}, " if f.keys else "variable("
            body.append(f'    {f.name} = {declared}{f.holds}, {f.start}, "a field")\n')
        histories = "histories" in self.wanted
        body += ['    taken = history(Page, "a counter")\n'] if histories else []
        buffers = histories and "Frag" in self.groups
        body += ['    posted = history((Page, Frag, Device), "a counter")\n'] if buffers else []
        actions = [self.action(n) for n in range(max(2 * len(self.fields) + self.random.randint(0, 3), 4))]
        two_pages = "two-page actions" in self.wanted and "one cell" not in self.wanted
        actions += [self.exchange()] if two_pages else []
        claims, names = self._claims()
        listed = [line.split("(")[0].removeprefix("def ") for line in actions]
        text = HEAD + "".join(body) + "\n\n" + "".join([*actions, *claims]) + self._machine(listed, names)
        return Made(self.number, text, self._has() | self._has_of_buffers(text))

    def _machine(self, actions: list[str], names: dict[str, list[str]]) -> str:
        staged = [f"({', '.join(names['staged'])})"] if names["staged"] else []
        given = {
            "system": actions[::2], "environment": actions[1::2], "always": names["always"], "steps": names["steps"],
            "sometimes": [*names["sometimes"], *staged], "symmetric": self.symmetric,
        }  # fmt: skip
        lists = ", ".join(f"{name}=({', '.join(every)},)" for name, every in given.items() if every)
        head = f'name="made_{self.number}", doc="a text", state=S, scopes={{"tiny": {self.sizes}}}'
        return f"MACHINE = Machine({head}, {lists})\n"

    def _has_of_buffers(self, text: str) -> set[str]:
        """Those of OF_BUFFERS that are really there."""
        has = {"fragments"} if any("Frag" in f.keys for f in self.fields) else set()
        has |= {"rows"} if search(r", :[,\]]", text) else set()
        has |= {"three keys"} if any(len(f.keys) > 2 for f in self.fields) else set()
        has |= {"pairs"} if "), lambda" in text else set()
        return has | ({"variables"} if any(not f.keys for f in self.fields) else set())

    def _has(self) -> set[str]:
        """The features that are really there, not those that were wanted."""
        holds = {f.holds for f in self.fields}
        has = {"one cell"} & self.wanted
        has |= {"any starts"} if any(f.start == "ANY" for f in self.fields) else set()
        has |= {"one-member sorts"} if 1 in self.sizes.values() else set()
        has |= {"histories", "two-page actions"} & self.wanted if "one cell" not in self.wanted else set()
        has |= {"staged witnesses", "names of members"} & self.wanted
        has |= {"optional members"} if "optional(Pool)" in holds else set()
        has |= {"pairs of keys"} if any(len(f.keys) > 1 for f in self.fields) else set()
        return has | ({"large numbers"} if any("00000" in h or "7483" in h for h in holds) else set())


def _cell_text(field: str, keys: list[str]) -> str:
    return f"{field}[{', '.join(keys)}]" if keys else field
