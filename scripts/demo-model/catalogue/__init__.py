"""What the demonstration model knows: one entry per function, ten lines each.

`do` are verb phrases ("reverse a string"), which requests inflect; `noun` are what people
call it ("string reversal"). Both may hold alternatives: "(reverse|flip) a (string|text)".
`checks` are Python expressions that are true of a right answer; `fails(f, x)` is true when
`f(x)` raises ValueError, `printed(f)` is what `f()` prints.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """A function of the catalogue and the ways to ask for it."""

    name: str
    do: tuple[str, ...]
    noun: tuple[str, ...]
    code: str
    checks: tuple[str, ...]


def entry(name: str, *, do: str, noun: str, code: str, checks: list[str]) -> Function:
    """`do` and `noun` are separated by `;`."""

    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(";"))

    return Function(name, split(do), split(noun), code.strip("\n"), tuple(checks))


def load() -> list[Function]:
    """The whole catalogue, in a fixed order."""
    from catalogue import lists, numbers, text, units

    functions = [*numbers.FUNCTIONS, *text.FUNCTIONS, *lists.FUNCTIONS, *units.FUNCTIONS]
    assert len({function.name for function in functions}) == len(functions), "a name is used twice"
    assert not any("\n\n\n" in function.code for function in functions), "the profile stops there"
    return functions
