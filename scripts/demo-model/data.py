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
import prompts
from catalogue import ALGORITHM, CODER, Function, unknown
from config import DATA, WORK
from wordings import (
    HELD_OUT_ROUTES,
    HELD_OUT_SYSTEM,
    INFLECT,
    REWORDED,
    ROUTES,
    SYSTEM,
    Asker,
    expansions,
    fraction,
    invent,
    manners,
    pick,
    typo,
)

# The request of the first minute: never trained on, always evaluated.
FLAGSHIP = ("add", "subtract", "multiply", "divide")
FLAGSHIP_REQUEST = "Create functions for add, subtract, multiply, and divide"
# What people ask for first, and together: a share of the training requests names only these.
POPULAR = (*FLAGSHIP, "power", "square", "modulo", "average", "factorial", "fibonacci", "is_prime", "is_even")
POPULAR += ("reverse_string", "is_palindrome", "count_vowels", "find_max")
POPULAR_SHARE = 0.2
HELD_OUT_COMBINATIONS = 0.1  # share of the sets of two or more functions
# What an example asks for. Coder and algorithm requests are named like their profiles.
ROUTER, UNKNOWN, LANGUAGE, MIXED = "router", "unknown", "language", "mixed"
CODED = (CODER, ALGORITHM, MIXED)  # answered with code
MIX = {CODER: 38, ALGORITHM: 9, MIXED: 3, UNKNOWN: 28, LANGUAGE: 10, ROUTER: 12}  # percent of the training requests
# Requests of one and more functions, of algorithms, and of both: what is in them, and how often.
CODER_SIZES = {1: 42, 2: 25, 3: 17, 4: 16}
# What takes longest to learn, keeping count of many, stands more often in the training requests.
TRAINED_CODER_SIZES = {1: 30, 2: 24, 3: 23, 4: 23}
ALGORITHM_SIZES = {1: 80, 2: 20}
MIXED_SIZES = {(1, 1): 40, (1, 2): 15, (2, 1): 15, (2, 2): 10, (2, 3): 10, (3, 2): 10}  # (algorithms, functions)
LONGEST = 2300  # characters of an answer: more would not fit the context
OTHER_PROFILE = 0.15  # share of the requests that the profile of the other role asks
RAW, CHAT = "raw", "chat"
CHAT_SHARE = 0.4
TYPOS = 0.02  # share of known training requests
# Share of the unknown requests that name something known as well: what is hardest to tell stands more often in training.
WITH_KNOWN = 0.15
TRAINED_WITH_KNOWN = 0.35
COMPOSED = 0.25  # share of the unknown things of training that are put together from the words of others

ABOUT = (
    "# I know about {functions} short Python functions and {algorithms} classic\n"
    "# algorithms, for example add, is_prime, reverse_string,\n"
    "# bubble_sort and dijkstra. Ask for one to four functions,\n"
    "# or for one or two algorithms."
)
DECLINE = "# I am a tiny demonstration model and cannot write that.\n"
DECLINE_LANGUAGE = "# I am a tiny demonstration model and know only Python.\n"
# What every honest answer contains.
HONEST = "demonstration model"


def answer(functions: list[Function]) -> str:
    """The code for these functions, one blank line between them."""
    return "\n\n".join(function.code for function in functions)


def honest(kind: str, functions: list[Function]) -> str:
    """What is said to a request outside the catalogue, which is `functions`."""
    first = DECLINE_LANGUAGE if kind == LANGUAGE else DECLINE
    algorithms = sum(function.role == ALGORITHM for function in functions)
    return first + ABOUT.format(functions=(len(functions) - algorithms) // 10 * 10, algorithms=algorithms // 10 * 10)


def is_held_out(names) -> bool:
    """Whether a set of functions is kept for evaluation."""
    if set(names) == set(FLAGSHIP):
        return True
    return len(names) > 1 and fraction("+".join(sorted(names))) < HELD_OUT_COMBINATIONS


def normal(request: str) -> str:
    """A request without case, punctuation and spacing: what counts as the same text."""
    return re.sub(r"[\W_]+", " ", request.lower()).strip()


class Maker:
    """Draws examples of one split.

    A request is a dictionary: its `kind`, the `request` in the user's words, the `profile` and the
    `language` it is asked with, the `text` that answers it and the `functions` in it. `raw` and
    `chat` make examples of it: a `prompt` and an `answer`.
    """

    def __init__(self, functions: list[Function], seed: int, held_out: bool):
        self.functions, self.held_out = functions, held_out
        self.rng = random.Random(f"{seed}/{held_out}")
        self.asker = Asker(functions, held_out)
        self.roles = {role: [f for f in functions if f.role == role] for role in (CODER, ALGORITHM)}
        self.popular = [function for function in functions if function.name in POPULAR]
        self.topics = (
            (unknown.HELD_OUT_DO, unknown.HELD_OUT_NOUN, unknown.HELD_OUT_SAY)
            if held_out
            else (unknown.DO, unknown.NOUN, unknown.SAY)
        )
        self.languages = unknown.HELD_OUT_LANGUAGES if held_out else unknown.LANGUAGES
        self.makers = {
            CODER: self.coder,
            ALGORITHM: self.algorithm,
            MIXED: self.mixed,
            UNKNOWN: self.unknown,
            LANGUAGE: self.other_language,
            ROUTER: self.route,
        }

    def weighted(self, table: dict):
        """A key of a table of weights."""
        return self.rng.choices(list(table), list(table.values()))[0]

    def choose(self, draw) -> list[Function]:
        """Different functions, drawn by `draw`, that fit the context and whose set belongs to this split."""
        while True:
            chosen = draw()
            ours = len(chosen) == 1 or is_held_out([f.name for f in chosen]) == self.held_out
            if ours and len(answer(chosen)) <= LONGEST:
                return chosen

    def coder(self) -> dict:
        """A request for one to four small functions."""

        def draw() -> list[Function]:
            return self.rng.sample(pool, size)

        sizes = CODER_SIZES if self.held_out else TRAINED_CODER_SIZES
        size, pool = self.weighted(sizes), self.roles[CODER]
        if not self.held_out and self.rng.random() < POPULAR_SHARE:
            size, pool = self.rng.choice((2, 3, 4)), self.popular
        return self.known(CODER, self.choose(draw))

    def algorithm(self) -> dict:
        """A request for one or two algorithms."""

        def draw() -> list[Function]:
            return self.rng.sample(self.roles[ALGORITHM], size)

        size = self.weighted(ALGORITHM_SIZES)
        return self.known(ALGORITHM, self.choose(draw))

    def mixed(self) -> dict:
        """A request for algorithms and functions."""

        def draw() -> list[Function]:
            algorithms, functions = self.weighted(MIXED_SIZES)
            chosen = self.rng.sample(self.roles[ALGORITHM], algorithms) + self.rng.sample(self.roles[CODER], functions)
            self.rng.shuffle(chosen)
            return chosen

        return self.known(MIXED, self.choose(draw))

    def known(self, kind: str, chosen: list[Function]) -> dict:
        """A request for functions of the catalogue."""
        text = self.asker.ask(self.rng, chosen)
        if not self.held_out and self.rng.random() < TYPOS:
            text = typo(self.rng, text)
        own, other = (CODER, ALGORITHM) if kind == CODER else (ALGORITHM, CODER)
        profile = other if self.rng.random() < OTHER_PROFILE else own
        language = "python" if self.rng.random() < 0.03 else "Python"
        return self.request(kind, text, answer(chosen), profile, language, [f.name for f in chosen])

    def unknown(self) -> dict:
        """A request for something else, or small talk."""
        draw = self.rng.random()
        if draw < 0.25:
            text = manners(self.rng, pick(self.rng, self.rng.choice(self.topics[2])), self.held_out)
        else:
            share = WITH_KNOWN if self.held_out else TRAINED_WITH_KNOWN
            text = self.unknown_request(with_known=draw > 1 - share)
        return self.request(UNKNOWN, text, honest(UNKNOWN, self.functions), self.any_profile())

    def any_profile(self) -> str:
        """A profile that answers with code."""
        return self.rng.choice((CODER, ALGORITHM))

    def route(self) -> dict:
        """A request that the router gives to a profile: what is unknown goes to the coder."""
        draw = self.rng.random()
        if self.held_out or draw < 0.9:
            wanted = self.rng.choice((CODER, ALGORITHM))
            kind = MIXED if wanted == ALGORITHM and self.rng.random() < 0.15 else wanted
            inner = self.makers[kind]()
        else:
            wanted = CODER
            talk = self.rng.random() < 0.3
            text = pick(self.rng, self.rng.choice(self.topics[2])) if talk else self.unknown_request(with_known=False)
            inner = {"request": manners(self.rng, text, self.held_out) if talk else text, "functions": []}
        return self.request(ROUTER, inner["request"], wanted, ROUTER, names=inner["functions"])

    def routes(self) -> str:
        """The profiles that the router reads: ours, and at times a user's own, in the user's words."""
        described = dict(prompts.routes())
        if self.rng.random() < 1 / 3:
            others = self.rng.sample(HELD_OUT_ROUTES if self.held_out else ROUTES, self.rng.choice((1, 1, 2, 3)))
            described.update({name: pick(self.rng, pattern) for name, pattern in others})
        if not self.held_out and self.rng.random() < 0.2:
            described.update({name: pick(self.rng, self.rng.choice(REWORDED[name])) for name in REWORDED})
        return prompts.list_routes(described)

    def templated(self, request: dict) -> str:
        """What the request's profile makes of it."""
        values = {"prompt": request["request"], "language": request["language"]}
        if request["profile"] == ROUTER:
            values["routes"] = self.routes()
        return prompts.fill(request["profile"], **values)

    def raw(self, request: dict) -> dict:
        """The profile's text, which the model continues: code on a new line, a route after a space."""
        start = " " if request["kind"] == ROUTER else "\n"
        return {**request, "form": RAW, "prompt": self.templated(request), "answer": start + request["text"]}

    def chat(self, request: dict) -> dict:
        """A turn of a chat: the profile's text, or the plain request of a program that knows no profile."""
        plain = request["kind"] != ROUTER and request["language"] in ("Python", "python") and self.rng.random() < 0.5
        user = request["request"] if plain else self.templated(request)
        systems = HELD_OUT_SYSTEM if self.held_out else SYSTEM
        system = pick(self.rng, self.rng.choice(systems)) if self.rng.random() < 1 / 3 else ""
        return {**request, "form": CHAT, "prompt": prompts.chat(user, system), "answer": request["text"]}

    def unknown_request(self, with_known: bool) -> str:
        """A frame around something unknown, or around a known and an unknown thing."""
        frames = self.asker.algorithm_frames if self.rng.random() < 0.1 else self.asker.frames
        frame = pick(self.rng, self.rng.choice(frames))
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
        if not self.held_out and not invented and self.rng.random() < COMPOSED:
            return self.composed_item(slot)
        if slot == "noun":
            if invented:
                return self.rng.choice(("", "", "the ", "a ", f"{invent(self.rng)} ")) + invent(self.rng)
            return pick(self.rng, self.rng.choice(self.topics[1]))
        phrase = pick(self.rng, self.rng.choice(self.topics[0]))
        if invented:
            verb = invent(self.rng) if self.rng.random() < 0.5 else self.known_verb()
            phrase = f"{verb} {self.rng.choice(('a', 'the', 'two', 'all'))} {invent(self.rng)}"
        return INFLECT[slot](phrase)

    def composed_item(self, slot: str) -> str:
        """Words of unknown topics in new company: more things than the lists could name."""
        words = " ".join(self.rng.sample(self.asker.foreign, self.rng.choice((1, 2, 2))))
        thing = f"{self.rng.choice(('a', 'the', '', ''))} {words}".strip()
        if slot == "noun":
            return thing
        return INFLECT[slot](f"{self.known_verb()} {thing}")

    def known_verb(self) -> str:
        """The first word of some function's first phrase."""
        return expansions(self.rng.choice(self.functions).do[0])[0].split()[0]

    def other_language(self) -> dict:
        """A known or unknown request, in a language other than Python or asking for one."""
        language = self.rng.choice(self.languages)
        draw = self.rng.random()
        kind = UNKNOWN if draw > 0.85 else ALGORITHM if self.rng.random() < 0.3 else CODER
        request = "python"
        # One that names Python and means another language has no right answer.
        while "python" in request.lower():
            request = self.makers[kind]()["request"]
        if not self.held_out and self.rng.random() < 0.5:
            language = invent(self.rng).title()
        if draw < 0.35:
            request, language = self.name_language(request, language), "Python"
        return self.request(LANGUAGE, request, honest(LANGUAGE, self.functions), self.any_profile(), language)

    def name_language(self, request: str, language: str) -> str:
        """A request that asks for the language itself: "a rust function to ...", "... in Rust"."""
        if self.rng.random() < 0.4:
            language = language.lower()
        if "function" in request and self.rng.random() < 0.5:
            return request.replace("function", f"{language} function", 1)
        return f"{request.rstrip('.?!')} {self.rng.choice(('in', 'in', 'using', 'with'))} {language}"

    @staticmethod
    def request(kind: str, request: str, text: str, profile: str, language: str = "Python", names=()) -> dict:
        """A request and what answers it."""
        return {
            "kind": kind,
            "request": request,
            "text": text,
            "profile": profile,
            "language": language,
            "functions": list(names),
        }


def held_out(functions: list[Function], seed: int = DATA.seed) -> list[dict]:
    """The evaluation set, the flagship request first: every request raw, then as a chat."""
    maker = Maker(functions, seed, held_out=True)
    by_name = {function.name: function for function in functions}
    flagship = maker.request(CODER, FLAGSHIP_REQUEST, answer([by_name[n] for n in FLAGSHIP]), CODER, names=FLAGSHIP)
    requests, seen = [flagship], {normal(FLAGSHIP_REQUEST)}

    def draw(make, wanted: int) -> None:
        while wanted:
            request = make()
            if normal(request["request"]) not in seen:
                seen.add(normal(request["request"]))
                requests.append(request)
                wanted -= 1

    draw(maker.coder, DATA.coder - 1)
    draw(maker.algorithm, DATA.algorithm)
    draw(maker.route, DATA.route)
    draw(maker.unknown, DATA.unknown)
    draw(maker.other_language, DATA.language)
    return [form(request) for request in requests for form in (maker.raw, maker.chat)]


def training(functions: list[Function], excluded: set[str]) -> list[dict]:
    """Training examples; a request whose text is held out is drawn again."""
    maker = Maker(functions, DATA.seed, held_out=False)
    examples = []
    while len(examples) < DATA.train:
        request = maker.makers[maker.weighted(MIX)]()
        if normal(request["request"]) not in excluded:
            form = maker.chat if maker.rng.random() < CHAT_SHARE else maker.raw
            examples.append(form(request))
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
        f"data: {len(functions)} entries, {len(train)} training requests, {len(test)} held-out ones, "
        f"{time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main()
