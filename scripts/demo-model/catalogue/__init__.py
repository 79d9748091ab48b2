"""What the demonstration model knows: one entry per function.

`do` are verb phrases ("reverse a string"), which requests inflect; `noun` are what people
call it ("string reversal"). Both may hold alternatives: "(reverse|flip) a (string|text)".
`checks` are Python expressions that are true of a right answer; `fails(f, x)` is true when
`f(x)` raises ValueError, `printed(f)` is what `f()` prints.

Every entry has a role: small functions are for the coder, the classic algorithms of
`algorithms.py`, which end with a comment on their complexity, for the algorithm role.
"""

import re
from dataclasses import dataclass, replace

CODER, ALGORITHM = "coder", "algorithm"
# How the last line of every algorithm starts.
COMPLEXITY = "# Complexity: "


@dataclass(frozen=True)
class Function:
    """A function of the catalogue and the ways to ask for it."""

    name: str
    do: tuple[str, ...]
    noun: tuple[str, ...]
    code: str
    checks: tuple[str, ...]
    role: str = CODER


def entry(name: str, *, do: str, noun: str, code: str, checks: list[str]) -> Function:
    """`do` and `noun` are separated by `;`."""

    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(";"))

    return Function(name, split(do), split(noun), code.strip("\n"), tuple(checks))


def load() -> list[Function]:
    """The whole catalogue, in a fixed order: the functions, then the algorithms."""
    from catalogue import algorithms, lists, numbers, text, units

    functions = [*numbers.FUNCTIONS, *text.FUNCTIONS, *lists.FUNCTIONS, *units.FUNCTIONS]
    functions += [replace(algorithm, role=ALGORITHM) for algorithm in algorithms.ALGORITHMS]
    assert len({function.name for function in functions}) == len(functions), "a name is used twice"
    for function in functions:
        assert "\n\n\n" not in function.code, f"{function.name}: the profile stops there"
        if function.role == ALGORITHM:
            assert re.findall(r"^def (\w+)", function.code, re.MULTILINE) == [function.name], function.name
            assert function.code.splitlines()[-1].startswith(COMPLEXITY), f"{function.name}: complexity is missing"
    return functions
