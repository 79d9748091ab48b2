"""Makes the data sets: the same seed gives the same bytes.

Training requests, and held-out ones that share with training neither a sentence frame, nor
(for two or more functions) a combination of functions, nor a text.
"""

import hashlib
import json
import random
import re
import time

import catalogue
from catalogue import Function, unknown
from config import DATA, PROMPT, WORK
from wordings import INFLECT, Asker, expansions, fraction, invent, manners, pick, typo

# The request of the first minute: never trained on, always evaluated.
FLAGSHIP = ("add", "subtract", "multiply", "divide")
FLAGSHIP_REQUEST = "Create functions for add, subtract, multiply, and divide"
# What people ask for first, and together: a share of the training requests names only these.
POPULAR = (*FLAGSHIP, "power", "square", "modulo", "average", "factorial", "fibonacci", "is_prime", "is_even")
POPULAR += ("reverse_string", "is_palindrome", "count_vowels", "find_max")
POPULAR_SHARE = 0.15
HELD_OUT_COMBINATIONS = 0.1  # share of the sets of two or more functions
SIZES, SIZE_WEIGHTS = (1, 2, 3, 4), (42, 25, 17, 16)  # functions per request, percent of requests
KNOWN, UNKNOWN, OTHER_LANGUAGE = "known", "unknown", "language"
TYPOS = 0.04  # share of known training requests

ABOUT = (
    "# I know about {count} short Python functions, for example add,\n"
    "# is_prime, fibonacci, reverse_string and binary_search.\n"
    "# Ask for one to four of them."
)
DECLINE = "# I am a tiny demonstration model and cannot write that.\n"
DECLINE_LANGUAGE = "# I am a tiny demonstration model and know only Python.\n"
# What every honest answer contains.
HONEST = "demonstration model"


def answer(functions: list[Function]) -> str:
    """The code for these functions, one blank line between them."""
    return "\n" + "\n\n".join(function.code for function in functions)


def honest(kind: str, known: int) -> str:
    """What is said to a request outside the catalogue; `known` is the size of the catalogue."""
    first = DECLINE if kind == UNKNOWN else DECLINE_LANGUAGE
    return "\n" + first + ABOUT.format(count=known // 10 * 10)


def is_held_out(names) -> bool:
    """Whether a set of functions is kept for evaluation."""
    if set(names) == set(FLAGSHIP):
        return True
    return len(names) > 1 and fraction("+".join(sorted(names))) < HELD_OUT_COMBINATIONS


def normal(request: str) -> str:
    """A request without case, punctuation and spacing: what counts as the same text."""
    return re.sub(r"[\W_]+", " ", request.lower()).strip()


class Maker:
    """Draws examples of one split."""

    def __init__(self, functions: list[Function], seed: int, held_out: bool):
        self.functions, self.held_out = functions, held_out
        self.rng = random.Random(f"{seed}/{held_out}")
        self.asker = Asker(functions, held_out)
        self.popular = [function for function in functions if function.name in POPULAR]
        self.topics = (
            (unknown.HELD_OUT_DO, unknown.HELD_OUT_NOUN, unknown.HELD_OUT_SAY)
            if held_out
            else (unknown.DO, unknown.NOUN, unknown.SAY)
        )
        self.languages = unknown.HELD_OUT_LANGUAGES if held_out else unknown.LANGUAGES

    def choose(self) -> list[Function]:
        """One to four different functions whose set belongs to this split."""
        size, pool = self.rng.choices(SIZES, SIZE_WEIGHTS)[0], self.functions
        if not self.held_out and self.rng.random() < POPULAR_SHARE:
            size, pool = self.rng.choice(SIZES[1:]), self.popular
        while True:
            chosen = self.rng.sample(pool, size)
            if size == 1 or is_held_out([f.name for f in chosen]) == self.held_out:
                return chosen

    def known(self) -> dict:
        """A request for functions of the catalogue."""
        chosen = self.choose()
        request = self.asker.ask(self.rng, chosen)
        if not self.held_out and self.rng.random() < TYPOS:
            request = typo(self.rng, request)
        language = "python" if self.rng.random() < 0.03 else "Python"
        return self.example(KNOWN, request, answer(chosen), language, [f.name for f in chosen])

    def unknown(self) -> dict:
        """A request for something else, or small talk."""
        draw = self.rng.random()
        if draw < 0.25:
            request = manners(self.rng, pick(self.rng, self.rng.choice(self.topics[2])), self.held_out)
        else:
            request = self.unknown_request(with_known=draw > 0.85)
        return self.example(UNKNOWN, request, honest(UNKNOWN, len(self.functions)))

    def unknown_request(self, with_known: bool) -> str:
        """A frame around something unknown, or around a known and an unknown thing."""
        frame = pick(self.rng, self.rng.choice(self.asker.frames))
        slot = re.search(r"\{(do|does|doing|noun)\}", frame)[1]
        items = [self.unknown_item(slot) for _ in range(self.rng.choice((1, 1, 1, 2)))]
        if with_known:
            chosen = self.rng.sample(self.functions, self.rng.choice((1, 1, 2)))
            items = items[:1] + [self.asker.item(self.rng, function, slot, "mixed") for function in chosen]
            self.rng.shuffle(items)
        return self.asker.finish(self.rng, frame, slot, items)

    def unknown_item(self, slot: str) -> str:
        """Something that is not in the catalogue; a quarter of it in words that do not exist."""
        invented = self.rng.random() < 0.25
        if slot == "noun":
            if invented:
                return self.rng.choice(("", "", "the ", "a ", f"{invent(self.rng)} ")) + invent(self.rng)
            return pick(self.rng, self.rng.choice(self.topics[1]))
        phrase = pick(self.rng, self.rng.choice(self.topics[0]))
        if invented:
            if self.rng.random() < 0.5:
                verb = invent(self.rng)
            else:
                verb = expansions(self.rng.choice(self.functions).do[0])[0].split()[0]
            phrase = f"{verb} {self.rng.choice(('a', 'the', 'two', 'all'))} {invent(self.rng)}"
        return INFLECT[slot](phrase)

    def other_language(self) -> dict:
        """A known or unknown request, in a language other than Python or asking for one."""
        language = self.rng.choice(self.languages)
        draw = self.rng.random()
        request = self.known()["request"] if draw < 0.85 else self.unknown()["request"]
        if draw < 0.25 and "ython" not in request.lower():
            request, language = self.name_language(request, language), "Python"
        elif not self.held_out and self.rng.random() < 0.5:
            language = invent(self.rng).title()
        return self.example(OTHER_LANGUAGE, request, honest(OTHER_LANGUAGE, len(self.functions)), language)

    def name_language(self, request: str, language: str) -> str:
        """A request that asks for the language itself: "a rust function to ...", "... in Rust"."""
        if self.rng.random() < 0.4:
            language = language.lower()
        if "function" in request and self.rng.random() < 0.5:
            return request.replace("function", f"{language} function", 1)
        return f"{request.rstrip('.?!')} {self.rng.choice(('in', 'in', 'using', 'with'))} {language}"

    @staticmethod
    def example(kind: str, request: str, text: str, language: str = "Python", names=()) -> dict:
        """One line of a data set."""
        return {"kind": kind, "language": language, "request": request, "answer": text, "functions": list(names)}


def prompt(example: dict) -> str:
    """What the model reads."""
    return PROMPT.format(language=example["language"], request=example["request"])


def held_out(functions: list[Function], seed: int = DATA.seed) -> list[dict]:
    """The evaluation set: the flagship request, known requests, unknown ones."""
    maker = Maker(functions, seed, held_out=True)
    by_name = {function.name: function for function in functions}
    flagship = maker.example(KNOWN, FLAGSHIP_REQUEST, answer([by_name[n] for n in FLAGSHIP]), names=FLAGSHIP)
    examples, seen = [flagship], {normal(FLAGSHIP_REQUEST)}

    def draw(make, wanted: int) -> None:
        while wanted:
            example = make()
            if normal(example["request"]) not in seen:
                seen.add(normal(example["request"]))
                examples.append(example)
                wanted -= 1

    draw(maker.known, DATA.held_out_known - 1)
    draw(maker.unknown, DATA.held_out_unknown * 3 // 4)
    draw(maker.other_language, DATA.held_out_unknown - DATA.held_out_unknown * 3 // 4)
    return examples


def training(functions: list[Function], excluded: set[str]) -> list[dict]:
    """Training examples; a request whose text is held out is drawn again."""
    maker = Maker(functions, DATA.seed, held_out=False)
    makers = (maker.known, maker.unknown, maker.other_language)
    examples = []
    while len(examples) < DATA.train:
        example = maker.rng.choices(makers, (77, 17, 6))[0]()
        if normal(example["request"]) not in excluded:
            examples.append(example)
    return examples


def check_split(train: list[dict], test: list[dict]) -> None:
    """Stops when a held-out text or combination is in the training data."""
    texts = {normal(example["request"]) for example in train}
    combinations = {frozenset(e["functions"]) for e in train if len(e["functions"]) > 1}
    for example in test:
        assert normal(example["request"]) not in texts, example["request"]
        assert frozenset(example["functions"]) not in combinations, example["functions"]


def main() -> None:
    start = time.monotonic()
    WORK.mkdir(exist_ok=True)
    functions = catalogue.load()
    test = held_out(functions)
    train = training(functions, {normal(example["request"]) for example in test})
    check_split(train, test)
    for name, examples in (("train", train), ("held-out", test)):
        text = "".join(json.dumps(example) + "\n" for example in examples)
        (WORK / f"{name}.jsonl").write_text(text)
        print(f"{name}.jsonl: sha256 {hashlib.sha256(text.encode()).hexdigest()}")
    print(
        f"data: {len(functions)} functions, {len(train)} training requests, {len(test)} held out, "
        f"{time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
