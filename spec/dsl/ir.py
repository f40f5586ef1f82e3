# SPDX-License-Identifier: MIT
"""What engines work on: lifted machines as expressions, paths and assignments. The notation's one inner face.

Specs and models need `spec.dsl` only. Whatever reads lifted machines imports from here; the modules behind it are
private to the notation (tests/test_imports.py). Begin with `fold`, `Path`, `Put` and `expressions`.
"""

from .expr import (
    FALSE,
    TRUE,
    And,
    Const,
    Eq,
    Every,
    Expr,
    Leaf,
    Less,
    Not,
    Operation,
    Or,
    Quantified,
    Read,
    Size,
    Sum,
    Var,
    choose,
    conjunction,
    disjunction,
    equal,
    evaluate,
    fold,
    negate,
    operator,
    pairs,
    parts,
    rebuild,
    same_cell,
    walk,
)
from .forks import Facts
from .histories import history_read
from .lift import MOST_PATHS, Lifted, Path
from .machine import expressions, first_sort, looks_elsewhere, reads
from .mutate import Change, changed, functions_of
from .reach import Reach, reachable
from .source import tree_of
from .state import Shape, initial_values, layout, members_of, one_key
from .symbolic import Given, Put
from .text import Operators, cell_text, infix, text
from .values import Bound, Domain
from .words import Current, Refused
from .world import picker

__all__ = [
    "FALSE",
    "MOST_PATHS",
    "TRUE",
    "And",
    "Bound",
    "Change",
    "Const",
    "Current",
    "Domain",
    "Eq",
    "Every",
    "Expr",
    "Facts",
    "Given",
    "Leaf",
    "Less",
    "Lifted",
    "Not",
    "Operation",
    "Operators",
    "Or",
    "Path",
    "Put",
    "Quantified",
    "Reach",
    "Read",
    "Refused",
    "Shape",
    "Size",
    "Sum",
    "Var",
    "cell_text",
    "changed",
    "choose",
    "conjunction",
    "disjunction",
    "equal",
    "evaluate",
    "expressions",
    "first_sort",
    "fold",
    "functions_of",
    "history_read",
    "infix",
    "initial_values",
    "layout",
    "looks_elsewhere",
    "members_of",
    "negate",
    "one_key",
    "operator",
    "pairs",
    "parts",
    "picker",
    "reachable",
    "reads",
    "rebuild",
    "same_cell",
    "text",
    "tree_of",
    "walk",
]
