"""How people ask: phrases, sentence frames, joiners and manners, all drawn from a seeded generator.

Patterns hold alternatives: "(reverse|flip) a (string|text)". Frames hold one slot:
`{do}` reverse a string, `{does}` reverses a string, `{doing}` reversing a string,
`{noun}` string reversal, reverse_string or "reverse string". `{fn}` is "a function" or "functions",
and now and then "an algorithm" where algorithms are asked for.
"""

import hashlib
import itertools
import random
import re

from catalogue import ALGORITHM, Function, unknown

# Verbs that double their last letter before -ing.
DOUBLING = {"get", "sum", "flip", "drop", "cut", "strip", "swap", "plot", "run", "stem", "crop", "chat"}

SYLLABLES = """ba be bi bo da de fa fi ga go ha ka ki
    la le li lo ma mi mo na ne no pa po ra
    re ri ro sa se si so ta te ti tu va vi wa wo za zi
    ble chi cro dru fle gri ing ion ker ment ner phi ster tion tor ver""".split()
# Share of requests for algorithms alone in frames that only fit algorithms.
ALGORITHM_FRAME = 0.2
# Share of requests with a capital at each word, and all in capitals: in training, and held out.
# They are rare but have tokens of their own, so training sees more of them.
TITLES = (0.05, 0.03)
SHOUTING = (0.06, 0.02)
STRANGE = 0.15  # share of known training requests with words in the frame that do not belong there

FRAMES = (
    "(write|create|make|build|give me|generate|code) (|me |us )(|the ){fn} (to|that can|which can) {do}",
    "(i need|i want|i would like|i'd like|we need) {fn} (to|that can) {do}",
    "{fn} to {do}",
    "(python|simple|short|) {fns} to {do}",
    "{do}",
    "(write|give me|show me|i need) (|some |the )(|python )code (to|that can) {do}",
    "how (do i|can i|do you|to|would you|should i) {do}",
    "(can|could) you {do}",
    "(show me|tell me|explain) how to {do}",
    "help me {do}",
    "i (want|need|have|would like) to {do}",
    "(i need|write|create) {fn}(.|:|,) (it should|they should|it must|to) {do}",
    "(write|create|make|build|give me|define) {fn} (that|which) {does}",
    "{fn} (that|which) {does}",
    "(i need|i want|i'm looking for|do you have) {fn} (that|which) {does}",
    "(code|some code|something|a program|a script|a snippet) (that|which) {does}",
    "(write|create|make|give me|show me) {fn} for {doing}",
    "{fn} for {doing}",
    "(code|python code|a script|a program|a helper) for {doing}",
    "(i need|i want) (help with|code for|something for) {doing}",
    "(write|create|make|build|implement|give me|generate|provide) {fn} for {noun}",
    "(create|write|make) {fns} for {noun}",
    "{fn} for {noun}",
    "(code|python code|a program|a script) for {noun}",
    "(write|implement|create|code|make|build|define|show|do) {noun}",
    "(give me|show me|write me|i need|i want|let me see|get me) {noun}",
    "{noun}",
    "{noun} (function|functions|in python|code|implementation)",
    "python {noun}",
    "(how do i|how to) (implement|write|code|do) {noun}",
    "(can|could) you (write|implement|make|show me|give me) {noun}",
    "{fn} (called|named) {noun}",
    "(the |)(function|functions) {noun}",
    "def {noun}",
    "(what about|how about|next:|now|also) {noun}",
    "(would|will) you (write|make) {fn} to {do}",
    "(please |)(produce|prepare) {fn} (that can|to) {do}",
    "what is the code to {do}",
    "i am trying to {do}",
    "my program (should|must) {do}",
    "(show|get) me {fn} (that|which) {does}",
    "(is there|we want) {fn} (that|which) {does}",
    "(a python|one) script that {does}",
    "(provide|generate|build) {fn} for {doing}",
    "(let's see|what is) the code for {doing}",
    "(i would like|we need|show me) {fn} for {noun}",
    "a (short |)program (with|for) {noun}",
    "(please |)(code|generate|provide) {noun}",
    "{noun} (implementation in python|in code|as a function)",
    "(could you please|will you) (do|code|create) {noun}",
    "(my homework is|the task is|today:) {noun}",
    "(i am|i'm) (trying|going|about|learning) to {do}",
    "(make|let) (it|the program|my program|this) {do}",
    "(this|my|our|the) (program|script|project|app|class) (needs|has|wants) to {do}",
    "(the exercise|the question|the goal|my job|the idea|exercise 3|step 1) is to {do}",
    "(what is|what's) the (best|easiest|simplest|right) way to {do}",
    "(any idea|who knows|does anyone know|please explain|i forgot) how to {do}",
    "(i'm|i am|we are) (looking for|searching for|after|missing) {fn} (that|which) {does}",
    "(use|have|get|find|sketch|draft|supply|return|type|design) {fn} (that|which) {does}",
    "(a small|a tiny|one|another) (tool|method|routine|procedure|utility) (that|which) {does}",
    "(a method|a routine|a tool|an algorithm|a way|logic|one line) for {doing}",
    "(the|a|an example) (code|solution|example) for {doing}",
    "(give me|show me|share|post|send) (an example of|a solution for|the source of) {noun}",
    "(my|the|our) (homework|assignment|exercise|topic|job|question) (is|today is|asks for) {noun}",
    "(problem|exercise|assignment|todo|request|question|goal): {noun}",
    "{noun} (example|code please|method|routine|algorithm|in plain python|source code|script)",
    "(start with|begin with|continue with|try|test|use|include|let's do|let us write) {noun}",
    "(a|one) (file|module|library|class) with {noun}",
    "(produce|prepare|supply|deliver|draft|compose|develop|design) {fn} (for|with) {noun}",
    "(i'm stuck|i am stuck|i struggle|i have trouble) (trying to|and need to|where i should) {do}",
    "(my teacher|my boss|the customer|a friend|the spec|someone) (wants me|asked me|told me|expects us) to {do}",
    "(we|they|you|users|people) (should be able|have|need|are supposed) to {do}",
    "(the function|the code|it|the script|each function) (should|must|has to|ought to|will) {do}",
    "(let us|let's|now we|next we|first|then) {do}",
    "(what would|how does|what does) {fn} (look like|work) (that|which) {does}",
    "(does|would) (python|anyone|somebody) have {fn} (that|which) {does}",
    "{fn}, (please,|preferably short,|in python,|one) that {does}",
    "(something simple|anything|any code|some lines|a few lines|a piece of code) (that|which) {does}",
    "(i'm|we're) (working on|stuck with|busy with|writing code for|practising) {doing}",
    "(what is|what's) (needed|the trick|a good way) for {doing}",
    "(instructions|python|help|support|one function|the function|functions) for {doing}",
    "(today|tomorrow|this week|in class) we (are doing|start|learn|cover|do) {noun}",
    "(we need|i am after|i could use|i'd love|i want to have|i require|my project needs|our team needs) {noun}",
    "(teach me|walk me through|demonstrate|present|print|type out|put together|set up|cook up|whip up) {noun}",
    "(what does|how would) {noun} look (like|in python|as code)",
    "{noun}(:| -|,) (in python|please|just the code|code only|as short as possible|no explanation)",
    "(subject|topic|title|wanted|needed|wish|task 2|part 1|file name): {noun}",
    "(could i|can i|may i) (get|have|see) (|the code of |a version of |code for ){noun}",
    "(continue|go on|proceed|carry on|move on) with {noun}",
    "(complete|finish|fill in|return|output|reply with|answer with) (the code for|code for|) {noun}",
)

# Frames that only fit algorithms; they use them besides the others.
ALGORITHM_FRAMES = (
    "(implement|code|write|show|explain|give me|demonstrate) {noun} (and|with|plus) (its|the|time|the time) complexity",
    "(what is|what's|tell me|i want to know) the (complexity|time complexity|running time|big o) of {noun}",
    "how (fast|efficient|expensive|slow) is {noun}",
    "how does {noun} work",
    "(explain|teach me|i am learning|i study|i'm studying) {noun}",
    "{noun} (algorithm|step by step|explained|with complexity|with big o|and how fast it is)",
    "(an|the|a classic|a standard|which) algorithm (to|that can) {do}",
    "(an|the|a classic|a textbook|a fast) algorithm (that|which) {does}",
    "(an|the|a classic|a clever|the usual) algorithm for {doing}",
    "(a classic|an efficient|a textbook|a fast|a clean) (implementation|version) of {noun}",
    "(implement|write|i need|give me) an algorithm (to|that can) {do}",
    "(use|apply|run|try) {noun}",
)

# Never used for training.
HELD_OUT_FRAMES = (
    "is there a way to {do}",
    "my code needs {fn} to {do}",
    "(please |)let me have {fn} (that can|to) {do}",
    "do you know how to {do}",
    "i was asked to {do}",
    "what i need is {fn} (that|which) {does}",
    "(please |)give us {fn} (that|which) {does}",
    "python code that {does}",
    "(my exercise is|i want to see) {fn} for {doing}",
    "find me (code|python code) for {doing}",
    "(could you|please) draft {fn} for {noun}",
    "we are looking for {noun}",
    "{noun} (as a script|as python code|written in python)",
    "(the next job is|my question today is) {noun}",
    "write down {noun}",
    "(another function|one more function): {noun}",
)
HELD_OUT_ALGORITHM_FRAMES = (
    "(an implementation|a python version) of {noun}",
    "write up {noun} (and say how fast it is|together with its complexity)",
    "i would like an algorithm (that|which) {does}",
    "which algorithm can {do}",
)

# What the system turn of a chat may say: it changes nothing.
SYSTEM = (
    "You are a helpful (assistant|AI assistant|chatbot).",
    "You are (a|an expert|a senior|a friendly|a careful) (programmer|software engineer|developer|coder).",
    "You are an assistant for (programmers|developers|students|beginners).",
    "You (write|produce|generate) (Python|clean|short|simple|correct) code.",
    "(Be brief.|Be concise.|Be helpful.|Be honest.|Answer briefly.|Keep it short.)",
    "(Answer|Reply|Respond) (with code only|in Python|with Python code|with code and nothing else).",
    "You are a coding assistant. (Do not explain.|Write only code.|Use Python.|Be precise.)",
    "You (help|assist) (users|people|students) with (code|programming|Python|their questions).",
    "Follow the (user's instructions|instructions) (carefully|exactly).",
    "(Write functions with docstrings.|Do as the user says.|Think before you answer.|You are a model in a terminal.)",
)
HELD_OUT_SYSTEM = (
    "You are a (Python tutor|code generator|programming expert).",
    "(Give complete code.|Only output code.|Please be short and exact.)",
    "You answer (questions about code|every request with Python code).",
)

# Profiles that users may have besides ours, as the router reads them.
ROUTES = (
    ("writer", "(letters, stories and other prose|longer texts|prose, not code)"),
    ("sql", "(database queries|SQL queries and schemas|questions about tables)"),
    ("translator", "(translations|texts in other languages|translates between languages)"),
    ("support", "(questions of customers|help with orders and bills|customer support)"),
    ("summary", "(long texts made short|summaries of articles)"),
    ("chat", "(small talk|friendly conversation|talk about anything)"),
    ("reviewer", "(reviews of code|looks for mistakes in code|code reviews)"),
    ("shell", "(commands for the terminal|shell scripts|one-line commands)"),
    ("mail", "(answers to e-mail|short messages)"),
    ("docs", "(documentation of projects|manuals and guides)"),
    ("web", "(HTML, CSS and scripts of pages|web pages)"),
    ("analyst", "(tables and figures|statistics and charts)"),
    ("big-coder", "(whole programs|long programs in many files)"),
    ("zoologist", "(animals|questions about animals)"),
)
HELD_OUT_ROUTES = (
    ("poet", "(rhymes and verses|poems)"),
    ("lawyer", "(contracts and terms|legal questions)"),
    ("math", "(proofs and equations|homework in mathematics)"),
    ("assistant", "(everything else|dates, lists and reminders)"),
)
# Other words for our own profiles.
REWORDED = {
    "coder": (
        "(short pieces of code|small functions|everyday code|short functions|little helpers in Python)",
        "(code|functions|simple code|snippets) (for everyday tasks|of a few lines|that is short)",
    ),
    "algorithm": (
        "(classic algorithms|algorithms|well-known algorithms|textbook algorithms|sorting, searching and graphs)",
        "algorithms (with their complexity|and data structures|from textbooks|that need some thought)",
    ),
}

# What stands between two items, and before the last one. The first four pairs are most of what people write.
JOINS = (
    (", ", " and "),
    (", ", ", and "),
    (", ", ", "),
    (" and ", " and "),
    (", ", " & "),
    (" & ", " & "),
    (" + ", " + "),
    ("; ", "; "),
    (" / ", " / "),
    (", then ", " and then "),
    (", ", ", then "),
    (", ", " plus "),
    (" plus ", " plus "),
    (", plus ", " and "),
    (", ", ", plus "),
    (", ", " and also "),
    (" and ", ", and also "),
    (", also ", ", also "),
    (". also ", ". also "),
    (", ", " as well as "),
    (" and ", " together with "),
    (" then ", " then "),
    (", followed by ", " followed by "),
    (", ", " along with "),
    (", ", ", along with "),
    (", ", " with "),
    (" | ", " | "),
    (", ", ", finally "),
    (", ", ", and finally "),
    (", next ", ", next "),
    (",", ","),
    (" and also ", " and also "),
    (", and also ", ", and also "),
    (" also ", " also "),
    (" as well as ", " as well as "),
    ("; and ", "; and "),
    ("\n- ", "\n- "),
    ("\n* ", "\n* "),
    ("\n", "\n"),
    (" ", " "),
)
HELD_OUT_JOINS = (
    (" and then ", " and then "),
    (", plus ", ", plus "),
    (", and ", ", and "),
    (" & ", " and "),
    ("; ", " and "),
    (", then ", ", and "),
)
# Joins of exactly one word per item would read as one item.
SPACE = (" ", " ")


# Alternatives do not nest.
ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")


def pick(rng: random.Random, pattern: str) -> str:
    """One expansion of a pattern."""
    return re.sub(" +", " ", ALTERNATIVES.sub(lambda m: rng.choice(m[1].split("|")), pattern)).strip()


def expansions(pattern: str) -> list[str]:
    """All expansions of a pattern, in order."""
    parts = ALTERNATIVES.split(pattern)
    choices = [part.split("|") if index % 2 else [part] for index, part in enumerate(parts)]
    return [re.sub(" +", " ", "".join(choice)).strip() for choice in itertools.product(*choices)]


def fraction(text: str) -> float:
    """A number in [0, 1) that depends on the text alone: the same split on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def phrases(pattern: str, held_out: bool) -> list[str]:
    """The expansions of one split. A fifth of a rich pattern is held out; a poor one is all for training."""
    every = expansions(pattern)
    kept = [phrase for phrase in every if len(every) < 4 or fraction(phrase) >= 0.2]
    return [phrase for phrase in every if phrase not in kept] if held_out else kept or every


def third_person(phrase: str) -> str:
    """reverse a string -> reverses a string"""
    verb, _, rest = phrase.partition(" ")
    if re.search("(s|x|z|ch|sh|o)$", verb):
        verb += "es"
    elif re.search("[^aeiou]y$", verb):
        verb = verb[:-1] + "ies"
    else:
        verb += "s"
    return f"{verb} {rest}".strip()


def gerund(phrase: str) -> str:
    """reverse a string -> reversing a string"""
    verb, _, rest = phrase.partition(" ")
    if verb in DOUBLING:
        verb += verb[-1]
    elif verb.endswith("e") and not verb.endswith("ee"):
        verb = verb[:-1]
    return f"{verb}ing {rest}".strip()


OPENINGS = (
    "please ",
    "please, ",
    "hey, ",
    "hi, ",
    "ok, ",
    "now ",
    "hello, ",
    "hello! ",
    "dear model, ",
    "hi there, ",
    "good morning, ",
    "so, ",
    "well, ",
    "kindly ",
    "quick question: ",
    "question: ",
    "i have a question: ",
    "for my homework, ",
    "for my project, ",
    "for a class, ",
    "for school: ",
    "in python, ",
    "using python, ",
    "python: ",
    "as a beginner, ",
    "if possible, ",
    "this time, ",
    "today, ",
    "next, ",
    "also, ",
    "- ",
    "1. ",
    "> ",
    "# ",
)
ENDINGS = (
    " please",
    ", please",
    " in python",
    " for me",
    ", thanks",
    " with python",
    " in Python 3",
    " with docstrings",
    " with comments",
    " for my homework",
    " for beginners",
    " quickly",
    ", thank you",
    " thanks",
    " pls",
    " asap",
    " now",
    " today",
    " again",
    " in plain python",
    " (python)",
    ", python only",
    ", in python please",
    " if you can",
    " if possible",
    " for my project",
    " for a test",
    " for school",
    " as simple as possible",
    ", keep it short",
    ", nothing else",
    ", only code",
    " and nothing else",
    " without libraries",
    ", i need it",
    ", it is urgent",
    " :)",
)
ALGORITHM_ENDINGS = (
    " with its complexity",
    " with the complexity",
    " and its complexity",
    " and tell me the complexity",
    ", with the time complexity",
    " and its running time",
    " with a line on complexity",
    ", and how fast is it",
    " with big o",
)

# How the nouns of a request are written; the last one draws anew for every item.
NOUN_STYLES = ("noun", "noun", "noun", "name", "name", "words", "words", "signature", "mixed", "mixed")

INFLECT = {"do": str, "does": third_person, "doing": gerund}


def foreign_words(functions: list[Function]) -> list[str]:
    """The words of unknown topics that name no function."""
    own = " ".join(text for function in functions for text in (function.name, *function.do, *function.noun))
    topics = " ".join(unknown.DO + unknown.NOUN)
    return sorted(set(re.findall("[a-z]{3,}", topics)) - set(re.findall("[a-z]+", own)))


class Asker:
    """Turns functions into requests. `held_out` switches to wordings that training never uses."""

    def __init__(self, functions: list[Function], held_out: bool):
        self.held_out = held_out
        self.frames = HELD_OUT_FRAMES if held_out else FRAMES
        self.algorithm_frames = HELD_OUT_ALGORITHM_FRAMES if held_out else ALGORITHM_FRAMES
        self.joins = HELD_OUT_JOINS + JOINS[:4] if held_out else JOINS
        self.foreign = foreign_words(functions)
        self.phrases = {}
        for function in functions:
            for kind in ("do", "noun"):
                patterns = [phrases(p, False) for p in getattr(function, kind)]
                fresh = [unseen for p in getattr(function, kind) if (unseen := phrases(p, True))]
                self.phrases[function.name, kind] = (patterns, fresh)

    def phrase(self, rng: random.Random, function: Function, kind: str) -> str:
        """One way to name a function: a verb phrase or a noun phrase."""
        patterns, fresh = self.phrases[function.name, kind]
        if self.held_out and fresh and rng.random() < 0.5:
            patterns = fresh
        return rng.choice(rng.choice(patterns))

    def item(self, rng: random.Random, function: Function, slot: str, style: str) -> str:
        """The text of one function for a slot; `style` says how nouns are written."""
        if slot != "noun":
            return INFLECT[slot](self.phrase(rng, function, "do"))
        if style == "mixed":
            style = rng.choice(("noun", "name", "words", "words", "signature"))
        if style == "noun":
            return self.phrase(rng, function, "noun")
        if style == "signature":
            return function.code[len("def ") : function.code.index(":")]
        return function.name.replace("_", " ") if style == "words" else function.name

    def ask(self, rng: random.Random, functions: list[Function]) -> str:
        """A request for these functions, in this order."""
        algorithms = all(function.role == ALGORITHM for function in functions)
        frames = self.algorithm_frames if algorithms and rng.random() < ALGORITHM_FRAME else self.frames
        frame = pick(rng, rng.choice(frames))
        if not self.held_out and rng.random() < STRANGE:
            frame = self.strange(rng, frame)
        slot = re.search(r"\{(do|does|doing|noun)\}", frame)[1]
        style = rng.choice(NOUN_STYLES)
        return self.finish(rng, frame, slot, [self.item(rng, f, slot, style) for f in functions], algorithms)

    def strange(self, rng: random.Random, frame: str) -> str:
        """A frame with one or two words that do not belong: what counts is in the slot, not around it."""
        words = frame.split(" ")
        plain = [index for index, word in enumerate(words) if "{" not in word]
        for index in rng.sample(plain, min(len(plain), rng.choice((1, 1, 2)))):
            words[index] = rng.choice((invent(rng), rng.choice(self.foreign)))
        return " ".join(words)

    def finish(self, rng: random.Random, frame: str, slot: str, items: list[str], algorithms: bool = False) -> str:
        """Fills a frame with items and adds manners; `algorithms` says that all items are algorithms."""
        request = frame.replace("{" + slot + "}", self.join(rng, items))
        kind = rng.choice(("", "", "", "simple ", "small ", "python ", "short "))
        count = {2: "two", 3: "three", 4: "four"}.get(len(items), "some")
        plural = rng.choice(
            (f"{kind}functions", f"{kind}functions", f"some {kind}functions", f"{count} {kind}functions")
        )
        single = f"a {kind}function"
        one = len(items) == 1
        if algorithms and rng.random() < 0.3:
            plural, single = f"{kind}algorithms", f"a {kind}algorithm".replace("a algo", "an algo")
        request = request.replace("{fns}", f"{kind}function" if one else f"{kind}functions")
        request = request.replace("{fn}", single if one or rng.random() < 0.15 else plural)
        if algorithms and rng.random() < 0.08:
            request += rng.choice(ALGORITHM_ENDINGS)
        return manners(rng, request, self.held_out)

    def join(self, rng: random.Random, items: list[str]) -> str:
        """A list in prose, or with dashes."""
        if len(items) == 1:
            return items[0]
        between, last = rng.choice(self.joins[:4]) if rng.random() < 0.6 else rng.choice(self.joins)
        if (between, last) == SPACE and any(" " in item for item in items):
            between, last = JOINS[1]
        first = between if between in ("\n- ", "\n* ") else ""
        return first + between.join(items[:-1]) + last + items[-1]


def invent(rng: random.Random) -> str:
    """A word that does not exist."""
    return "".join(rng.choices(SYLLABLES, k=rng.choice((2, 2, 3, 4))))


def manners(rng: random.Random, request: str, held_out: bool) -> str:
    """Politeness, capitals and punctuation, as people add them or not."""
    title, shouting = TITLES[held_out], SHOUTING[held_out]
    if rng.random() < 0.12:
        request = rng.choice(OPENINGS[:6] if rng.random() < 0.4 else OPENINGS) + request
    if rng.random() < 0.16:
        request += rng.choice(ENDINGS[:6] if rng.random() < 0.3 else ENDINGS)
    draw = rng.random()
    if draw < 0.45:
        request = request[:1].upper() + request[1:]
    elif draw < 0.45 + title:
        request = request.title()
    elif draw < 0.45 + title + shouting:
        request = request.upper()
    return request + rng.choice(("", "", "", "", ".", ".", "?", "!"))


def typo(rng: random.Random, request: str) -> str:
    """One slip in a long word: a letter lost, doubled or swapped with the next."""
    words = [m for m in re.finditer(r"[a-z]{7,}", request)]
    if not words:
        return request
    word = rng.choice(words)
    at = rng.randrange(word.start() + 2, word.end() - 1)
    slip = rng.choice(("", request[at] * 2, request[at + 1] + request[at]))
    return request[:at] + slip + request[at + (2 if len(slip) == 2 and slip[0] != slip[1] else 1) :]
