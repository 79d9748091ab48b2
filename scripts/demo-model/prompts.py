"""What the model reads: the templates of the profiles, as they are or as a turn of a chat.

The templates stand only in `profiles/`: what the binary sends is what training and evaluation use.
"""

import re
import tomllib
from functools import cache

from config import PROFILES, TURN_END, TURN_START

# The chat template of the GGUF; `chat` below writes the same text.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    f"{{{{ '{TURN_START}' + message['role'] + '\\n' + message['content'] + '{TURN_END}\\n' }}}}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{{{{ '{TURN_START}assistant\\n' }}}}{{% endif %}}"
)


@cache
def template(profile: str) -> str:
    """The prompt template of a profile."""
    return tomllib.loads((PROFILES / f"{profile}.toml").read_text())["prompt"]["template"]


@cache
def routes() -> dict[str, str]:
    """What each profile that takes requests is for, by name."""
    found = {path.stem: tomllib.loads(path.read_text()).get("route") for path in sorted(PROFILES.glob("*.toml"))}
    return {name: route for name, route in found.items() if route}


def list_routes(described: dict[str, str]) -> str:
    """The value of `{{routes}}`: a line per profile, by name."""
    return "\n".join(f"{name}: {described[name]}" for name in sorted(described))


def fill(profile: str, **values: str) -> str:
    """The prompt of a profile. Braces in a value stay as they are."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template(profile))


def chat(user: str, system: str = "") -> str:
    """One turn of a user, after one of the system if there is any, up to where the answer starts."""
    turns = [("system", system)] if system else []
    turns.append(("user", user))
    text = "".join(f"{TURN_START}{role}\n{content}{TURN_END}\n" for role, content in turns)
    return f"{text}{TURN_START}assistant\n"
