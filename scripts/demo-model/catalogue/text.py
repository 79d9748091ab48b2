"""Strings."""

from catalogue import entry

FUNCTIONS = [
    entry(
        "hello_world",
        do="(print|say|output) hello world; say hello to the world; print \"hello world\"; (greet|welcome) the (whole |)world; (display|show|write) (hello world|hello, world)",
        noun="hello world; a hello world (program|example); \"Hello, World!\"; (the|) (first|classic) hello world (program|); helloworld",
        code='''
def hello_world():
    """Print a greeting."""
    print("Hello, world!")
''',
        checks=["printed(hello_world) == 'Hello, world!\\n'"],
    ),
    entry(
        "reverse_string",
        do="(reverse|flip) (a|the|some|) (string|text|word); (reverse|flip) (strings|text); (return|write|print) (a|the) (string|text|word) backwards; (turn|put) a string (around|in reverse order)",
        noun="string reversal; reversing (a string|strings|text); (a|) string reverser; (a|the) string backwards; (text|word) (reversal|reversing); (a|) reversed (string|text|word)",
        code='''
def reverse_string(text):
    """Return the text backwards."""
    return text[::-1]
''',
        checks=["reverse_string('abc') == 'cba'", "reverse_string('') == ''"],
    ),
    entry(
        "is_palindrome",
        do="(check|test|tell|determine) (if|whether) (a|the) (string|word|text) is a palindrome; (check|test|detect|find) palindromes; (check|test) for palindromes; (see|find out|decide) (if|whether) (a word|a text|a string) (reads the same backwards|is a palindrome)",
        noun="palindrome (check|test|checker|detection); palindromes; (checking|detecting) palindromes; (a|) palindrome (tester|detector|testing|finder); testing (for|) palindromes",
        code='''
def is_palindrome(text):
    """Tell whether text reads the same backwards."""
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]
''',
        checks=["is_palindrome('level')", "is_palindrome('A man, a plan, a canal: Panama')", "not is_palindrome('hello')"],
    ),
    entry(
        "is_anagram",
        do="(check|test|tell|determine) (if|whether) two (strings|words|texts) are anagrams; (check|test|detect|find) anagrams; (check|test) for anagrams; (see|find out|decide) (if|whether) two words (have the same letters|are anagrams); compare two words (as anagrams|for the same letters)",
        noun="anagram (check|test|checker|detection); anagrams; (checking|detecting) anagrams; (an|) anagram (tester|detector|testing|finder); testing (for|) anagrams",
        code='''
def is_anagram(a, b):
    """Tell whether a and b have the same letters."""
    return sorted(a.lower()) == sorted(b.lower())
''',
        checks=["is_anagram('listen', 'Silent')", "not is_anagram('abc', 'abd')"],
    ),
    entry(
        "is_pangram",
        do="(check|test|tell|determine) (if|whether) (a|the) (sentence|string|text) is a pangram; (check|test|detect|find) pangrams; (check|test) for pangrams; (see|find out|decide) (if|whether) a text (has every letter|is a pangram|uses the whole alphabet)",
        noun="pangram (check|test|checker|detection); pangrams; (checking|detecting) pangrams; (a|) pangram (tester|detector|testing|finder); testing (for|) pangrams",
        code='''
def is_pangram(text):
    """Tell whether text has every letter from a to z."""
    return set("abcdefghijklmnopqrstuvwxyz") <= set(text.lower())
''',
        checks=["is_pangram('The quick brown fox jumps over the lazy dog')", "not is_pangram('hello')"],
    ),
    entry(
        "count_vowels",
        do="count (the|) vowels (in a string|in a text|in a word|); count how many vowels (a string|a text|a word) has; find the number of vowels; (return|get|give) the (number|count|amount) of vowels (in a string|in a text|in a word|)",
        noun="vowel (count|counting|counter); (the|) number of vowels; counting vowels; (a|) (vowel|vowels) (total|tally); (the|) (count|amount) of vowels; (number of|) vowels in a (string|word|text)",
        code='''
def count_vowels(text):
    """Return the number of vowels in text."""
    return sum(1 for c in text.lower() if c in "aeiou")
''',
        checks=["count_vowels('Education') == 5", "count_vowels('xyz') == 0"],
    ),
    entry(
        "count_consonants",
        do="count (the|) consonants (in a string|in a text|in a word|); count how many consonants (a string|a text|a word) has; find the number of consonants; (return|get|give) the (number|count|amount) of consonants (in a string|in a text|in a word|)",
        noun="consonant (count|counting|counter); (the|) number of consonants; counting consonants; (a|) (consonant|consonants) (total|tally); (the|) (count|amount) of consonants; (number of|) consonants in a (string|word|text)",
        code='''
def count_consonants(text):
    """Return the number of consonants in text."""
    return sum(1 for c in text.lower() if c.isalpha() and c not in "aeiou")
''',
        checks=["count_consonants('Hello!') == 3", "count_consonants('aei') == 0"],
    ),
    entry(
        "count_words",
        do="count (the|) words (in a string|in a text|in a sentence|); count how many words (a string|a text|a sentence) has; find the number of words; (return|get|give) the (number|count|amount) of words (in a string|in a text|in a sentence|)",
        noun="word (count|counting|counter); (the|) number of words; counting words; (a|) (word|words) (total|tally); (the|) (count|amount) of words; (number of|) words in a (string|sentence|text)",
        code='''
def count_words(text):
    """Return the number of words in text."""
    return len(text.split())
''',
        checks=["count_words('one two  three') == 3", "count_words('') == 0"],
    ),
    entry(
        "word_frequency",
        do="count how often each word (occurs|appears); count (the|) word frequencies (in a text|); (compute|find) (the|) (frequency of each word|word frequencies); (make|build) a (histogram|table) of (the|) words; count each word (in a text|of a text|separately)",
        noun="word frequencies; (the|) frequency of (words|each word); (a|) word histogram; (a|) word (frequency|) (counter|table) by word; how often (each word|words) (occur|appear)",
        code='''
def word_frequency(text):
    """Return how often each word occurs in text."""
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts
''',
        checks=["word_frequency('a b A') == {'a': 2, 'b': 1}", "word_frequency('') == {}"],
    ),
    entry(
        "letter_frequency",
        do="count how often each (letter|character) (occurs|appears); count (the|) (letter|character) frequencies (in a string|in a text|); find (the|) frequency of each (letter|character); (make|build) a (histogram|table) of (the|) (letters|characters); count each (letter|character) (in a text|separately)",
        noun="(letter|character) frequencies; character frequency; (the|) frequency of (letters|characters); (a|) (letter|character) histogram; how often (each letter|letters|each character) (occur|appear); (a|) (letter|character) (frequency table|frequency counter)",
        code='''
def letter_frequency(text):
    """Return how often each character occurs in text."""
    counts = {}
    for c in text:
        counts[c] = counts.get(c, 0) + 1
    return counts
''',
        checks=["letter_frequency('aba') == {'a': 2, 'b': 1}", "letter_frequency('') == {}"],
    ),
    entry(
        "capitalize_words",
        do="capitalize (each|every|all|the) (word|words) (in a string|of a sentence|in a text|); convert (a string|a text) to title case; make every word start with a capital letter; (put|write) (a text|a string|words) in title case; (capitalize|title-case) a (sentence|title|string)",
        noun="title case; capitalizing (words|each word); word capitalization; (a|) title case (conversion|converter); (capitalized|capitalised) words",
        code='''
def capitalize_words(text):
    """Return text with each word capitalized."""
    return " ".join(word.capitalize() for word in text.split())
''',
        checks=["capitalize_words('hello big world') == 'Hello Big World'", "capitalize_words('') == ''"],
    ),
    entry(
        "to_uppercase",
        do="(convert|change|turn) (a string|text|a text|a word) (to|into) (uppercase|upper case|capital letters); uppercase (a string|text|a text); (make|write) (a string|text|all letters) (uppercase|upper case|all caps); (put|set) (text|a string) in (capitals|capital letters)",
        noun="uppercase; upper case (conversion|); uppercase conversion; uppercasing (a string|text); (all|) (caps|capitals); (text|a string) in (capital letters|upper case); (an|) (uppercase|upper case) converter",
        code='''
def to_uppercase(text):
    """Return text in capital letters."""
    return text.upper()
''',
        checks=["to_uppercase('aBc 1') == 'ABC 1'"],
    ),
    entry(
        "to_lowercase",
        do="(convert|change|turn) (a string|text|a text|a word) (to|into) (lowercase|lower case|small letters); lowercase (a string|text|a text); (make|write) (a string|text|all letters) (lowercase|lower case|small); (put|set) (text|a string) in (small letters|lower case)",
        noun="lowercase; lower case (conversion|); lowercase conversion; lowercasing (a string|text); (text|a string) in (small letters|lower case); (a|) (lowercase|lower case) converter; small letters",
        code='''
def to_lowercase(text):
    """Return text in small letters."""
    return text.lower()
''',
        checks=["to_lowercase('AbC 1') == 'abc 1'"],
    ),
    entry(
        "snake_case",
        do="convert (a string|camel case|camelcase|a name|text) to snake case; turn camel case into snake case; (make|change) (a name|camelcase|camel case) (into|to) snake case; (write|put) (a name|text) in snake case; (rename|convert) camelcase names to snake_case",
        noun="snake case (conversion|); camel case to snake case; converting to snake case; (a|) snake case (converter|name); (camelcase|camel case) to (snake case|snake_case) (conversion|converter)",
        code='''
def snake_case(name):
    """Convert a CamelCase name to snake_case."""
    parts = ["_" + c.lower() if c.isupper() else c for c in name]
    return "".join(parts).lstrip("_")
''',
        checks=["snake_case('HelloWorld') == 'hello_world'", "snake_case('fooBar') == 'foo_bar'"],
    ),
    entry(
        "remove_vowels",
        do="(remove|delete|strip) (all|the|) vowels (from a string|from a text|from a word|); (drop|erase|filter) (all|the|) vowels (from|out of) (a string|a text|a word); (take|leave) (the|all) vowels out of a text; (return|get) (a text|a string) without (its|the|) vowels",
        noun="vowel removal; removing vowels; deleting vowels; (a|) vowel (remover|stripping|filter); (text|a string|a text) without vowels",
        code='''
def remove_vowels(text):
    """Return text without its vowels."""
    return "".join(c for c in text if c.lower() not in "aeiou")
''',
        checks=["remove_vowels('Education') == 'dctn'", "remove_vowels('xyz') == 'xyz'"],
    ),
    entry(
        "remove_spaces",
        do="(remove|delete|strip) (all|the|) (spaces|whitespace) (from a string|from a text|); (drop|erase|filter) (all|the|) (spaces|blanks) (from|out of) (a string|a text); (take|leave) (the|all) spaces out of a text; (return|get) (a text|a string) without (its|the|) (spaces|whitespace)",
        noun="(space|whitespace) removal; removing (spaces|whitespace); deleting spaces; (a|) (space|whitespace) (remover|stripping|filter); (text|a string|a text) without (spaces|whitespace)",
        code='''
def remove_spaces(text):
    """Return text without whitespace."""
    return "".join(text.split())
''',
        checks=["remove_spaces(' a b  c ') == 'abc'", "remove_spaces('') == ''"],
    ),
    entry(
        "remove_punctuation",
        do="(remove|delete|strip) (all|the|) punctuation (from a string|from a text|); (drop|erase|filter) (all|the|) punctuation (marks|) (from|out of) (a string|a text); (take|leave) (the|all) punctuation out of a text; (return|get) (a text|a string) without (its|the|) punctuation",
        noun="punctuation removal; removing punctuation; stripping punctuation; (a|) punctuation (remover|filter|cleaner); (text|a string|a text) without punctuation",
        code='''
def remove_punctuation(text):
    """Return text without punctuation."""
    return "".join(c for c in text if c.isalnum() or c.isspace())
''',
        checks=["remove_punctuation('Hi, there!') == 'Hi there'", "remove_punctuation('abc 1') == 'abc 1'"],
    ),
    entry(
        "longest_word",
        do="(find|get|return) the longest word (in a string|in a text|in a sentence|); (return|print|pick) the (longest|biggest) word (of|in) (a text|a string|a sentence); find the word with the most letters; (search|look) for the longest word",
        noun="(the|) longest word in a (text|sentence|string); longest word; (a|the) longest word (finder|search); finding the longest word; (the|) word with the most letters",
        code='''
def longest_word(text):
    """Return the longest word of text."""
    return max(text.split(), key=len)
''',
        checks=["longest_word('a long sentence') == 'sentence'", "longest_word('one') == 'one'"],
    ),
    entry(
        "caesar_cipher",
        do="(encrypt|encode) (a string|text|a text|a message) with (a|the) caesar cipher; shift (the|) letters by n; apply (a|the) caesar cipher; (do|implement|use) (a|the) caesar (cipher|shift|encryption); encrypt (a text|text|a message) (by shifting letters|with caesar)",
        noun="(a|the) caesar (cipher|shift|code); caesar cipher encryption; caesar encryption; (a|the) (shift|letter shift) cipher; caesar",
        code='''
def caesar_cipher(text, shift):
    """Shift each letter of text along the alphabet."""
    result = ""
    for c in text:
        if c.isalpha():
            first = ord("A") if c.isupper() else ord("a")
            c = chr((ord(c) - first + shift) % 26 + first)
        result += c
    return result
''',
        checks=["caesar_cipher('abc xyz!', 3) == 'def abc!'", "caesar_cipher('Zb', 1) == 'Ac'", "caesar_cipher('bc', -1) == 'ab'"],
    ),
    entry(
        "truncate",
        do="(truncate|shorten|cut) (a string|text|a text) (to a length|to n characters|); limit (a string|a text|text) to (n characters|a length); (make|keep) (a string|a text) (short|at most n characters long); cut (a string|a text|text) off (after n characters|at a length)",
        noun="(string|text) truncation; truncating (a string|text); shortening (a string|text); (a|) (shortened|truncated) (text|string); (text|string) shortening",
        code='''
def truncate(text, length):
    """Cut text to length, with dots where it was cut."""
    return text if len(text) <= length else text[:length] + "..."
''',
        checks=["truncate('abcdef', 3) == 'abc...'", "truncate('abc', 3) == 'abc'"],
    ),
    entry(
        "count_char",
        do="count (a|one|a given) (character|letter) in a (string|text|word); count the occurrences of a (character|letter) (in a string|in a text|); count how often (a|one) given (character|letter) occurs; (find|get) the number of times a (letter|character) appears",
        noun="(the|) occurrences of a (character|letter); counting (one|a given|a single) (character|letter); (the|) count of a (character|letter) (in a string|in a text|); (a|) single (letter|character) counter",
        code='''
def count_char(text, char):
    """Return how often char occurs in text."""
    return sum(1 for c in text if c == char)
''',
        checks=["count_char('banana', 'a') == 3", "count_char('', 'x') == 0"],
    ),
    entry(
        "is_numeric",
        do="(check|test|tell|determine) (if|whether) a (string|text) is (a number|numeric|a valid number); (check|test) for numeric (strings|text); (see|decide) (if|whether) a (string|text) can be read as a number; (validate|check) (a numeric string|numeric input)",
        noun="numeric string (check|test|checker); (a|) numeric (check|test|checker); (checking|testing) (if a string is a number|for numeric strings); numeric (input|) validation",
        code='''
def is_numeric(text):
    """Tell whether text can be read as a number."""
    try:
        float(text)
        return True
    except ValueError:
        return False
''',
        checks=["is_numeric('12.5')", "is_numeric('-3')", "not is_numeric('abc')", "not is_numeric('')"],
    ),
    entry(
        "is_valid_email",
        do="(validate|verify|check) (an|the|) email (address|); (check|test|tell|determine) (if|whether) an email (address|) is valid; (validate|check) email addresses; (see|decide) (if|whether) a (string|text) is an email address",
        noun="email (validation|validator|check); (an|) email address (validation|validator|check|checker); valid email (addresses|address); (validating|checking) (an email|email addresses|emails)",
        code='''
def is_valid_email(email):
    """Tell whether email looks like an email address."""
    name, at, domain = email.partition("@")
    return bool(name) and "." in domain.strip(".") and "@" not in domain
''',
        checks=["is_valid_email('ann@example.org')", "not is_valid_email('ann.example.org')", "not is_valid_email('@example.org')", "not is_valid_email('a@b')"],
    ),
    entry(
        "is_strong_password",
        do="(check|test|tell|determine) (if|whether) a password is (strong|secure|safe|good); (check|test|validate|measure) (the strength of a password|password strength|a password); (see|decide) (if|whether) a password is (strong|secure); (verify|rate) (a password|password strength)",
        noun="password (strength|validation|checker|strength check); (a|) strong password (check|test|checker); (checking|validating) (a password|passwords); (the|) strength of a password",
        code='''
def is_strong_password(password):
    """Tell whether a password is long and has letters of both cases and a digit."""
    tests = (str.isupper, str.islower, str.isdigit)
    return len(password) >= 8 and all(any(map(test, password)) for test in tests)
''',
        checks=["is_strong_password('Abcdefg1')", "not is_strong_password('Abc1')", "not is_strong_password('abcdefg1')", "not is_strong_password('Abcdefgh')"],
    ),
    entry(
        "random_password",
        do="(generate|create|make|build) (a|) random (password|passwords); (generate|create|make) (a|) (password|secure password); (invent|produce) a (random|new|secure) password; (choose|get) a random password",
        noun="(a|) (random|secure|new) password; (a|) password (generator|generation); (a|) random (password generator|passwords); (generating|creating) (a password|passwords)",
        code='''
def random_password(length=12):
    """Return a random password of letters and digits."""
    import secrets
    import string
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(length))
''',
        checks=["len(random_password(8)) == 8", "random_password().isalnum()"],
    ),
    entry(
        "swap_case",
        do="swap the case (of a string|of a text|of letters|); (invert|flip|toggle) the case of (a string|a text|letters); (change|turn) (upper to lower case and back|capitals into small letters and back); (toggle|swap) upper and lower case",
        noun="(case swapping|swap case|swapcase); (case inversion|toggling case|toggle case); (swapping|inverting) the case (of a string|of letters|); (a|) case swap",
        code='''
def swap_case(text):
    """Swap capital and small letters."""
    return "".join(c.lower() if c.isupper() else c.upper() for c in text)
''',
        checks=["swap_case('Hello 1') == 'hELLO 1'"],
    ),
    entry(
        "reverse_words",
        do="reverse the (order of words|order of the words|word order) (in a sentence|in a string|of a text|); (reverse|flip) the words (of a sentence|in a sentence|in a string); (write|put) the words of a sentence in reverse order; (turn|flip) the word order around",
        noun="(word order|sentence) reversal; reversing (the words|the word order|words); (words|the words) (of a sentence|) in reverse order; reversed (words|word order)",
        code='''
def reverse_words(text):
    """Return the words of text in reverse order."""
    return " ".join(reversed(text.split()))
''',
        checks=["reverse_words('one two three') == 'three two one'", "reverse_words('') == ''"],
    ),
    entry(
        "remove_digits",
        do="(remove|delete|strip|drop) (all|the|) (digits|numbers) (from a string|from a text|from text|from a word); (remove|erase) (all|the) digits; (return|get) (a text|a string) without (its|the|) digits; (filter|take) (the|all) digits out of a (text|string)",
        noun="digit (removal|remover|stripping); (removing|deleting|stripping) digits; (text|a string|a text) without (digits|numbers); removal of digits",
        code='''
def remove_digits(text):
    """Return text without its digits."""
    return "".join(c for c in text if not c.isdigit())
''',
        checks=["remove_digits('a1b22') == 'ab'", "remove_digits('abc') == 'abc'"],
    ),
    entry(
        "camel_case",
        do="convert (a string|snake case|snake_case|a name|text) to (camel case|camelcase); turn snake case into (camel case|camelcase); (write|put) (a name|text) in (camel case|camelcase); (change|make) (a name|snake case) (into|to) (camel case|camelcase)",
        noun="(camel case|camelcase) (conversion|converter|); snake case to (camel case|camelcase); converting to (camel case|camelcase); (snake case|snake_case) to (camel case|camelcase) (converter|conversion)",
        code='''
def camel_case(name):
    """Convert a snake_case name to camelCase."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
''',
        checks=["camel_case('hello_big_world') == 'helloBigWorld'", "camel_case('one') == 'one'"],
    ),
    entry(
        "join_words",
        do="join (words|a list of words|strings|a list of strings) (with commas|with a separator|into one string|into a sentence|); (combine|glue) (words|a list of words|strings) into (one|a) (string|sentence); (turn|convert) a list of (words|strings) (to|into) (a string|one string); concatenate (strings|words|a list of strings)",
        noun="joining (words|strings|a list of words|a list of strings); (string|word) (joining|concatenation); (a|) list of (words|strings) (to|as) (a string|string); concatenating strings",
        code='''
def join_words(words, separator=" "):
    """Return the words as one string."""
    return separator.join(words)
''',
        checks=["join_words(['a', 'b', 'c']) == 'a b c'", "join_words(['a', 'b'], ', ') == 'a, b'"],
    ),
    entry(
        "pig_latin",
        do="(translate|convert|turn) (a word|a text|words|text|english) (to|into) pig latin; (speak|write) (in|) pig latin; (make|create) pig latin (words|from a word|from english); say (a word|something) in pig latin",
        noun="pig latin; (a|) pig latin (translator|converter|translation|word); (translating|converting) to pig latin; (words|a word) in pig latin",
        code='''
def pig_latin(word):
    """Return an English word in Pig Latin."""
    for i, c in enumerate(word):
        if c in "aeiou":
            return word[i:] + word[:i] + ("ay" if i else "way")
    return word + "ay"
''',
        checks=["pig_latin('string') == 'ingstray'", "pig_latin('apple') == 'appleway'", "pig_latin('hm') == 'hmay'"],
    ),
    entry(
        "greet",
        do="(greet|welcome) (a person|someone|a user|somebody|people) (by name|); say hello to (a person|someone|a user|somebody); (print|return|make) a greeting (for a person|with a name|for a name); (say|write) (hello|hi) to (a given|some) name",
        noun="(a|) greeting (for a person|for a name|with a name|by name); (greeting|welcoming) (a person|someone|people|a user); (a|) personal greeting; (a|) hello to (a person|someone)",
        code='''
def greet(name):
    """Return a greeting for name."""
    return f"Hello, {name}!"
''',
        checks=["greet('Ann') == 'Hello, Ann!'"],
    ),
    entry(
        "run_length_encode",
        do="(do|implement|perform|apply) run length encoding; encode (a string|text) (by|in) (runs|run lengths); (compress|encode) (a string|text) (with|by|using) (run length encoding|run-length encoding|rle); count (consecutive|repeated|equal) (letters|characters) in a row",
        noun="(run length|run-length) (encoding|compression|coding); rle (encoding|compression|); (a|the) (run length|run-length) (encoder|code); runs of (letters|characters)",
        code='''
def run_length_encode(text):
    """Return text with each run of a character as the character and its length."""
    from itertools import groupby
    return "".join(f"{c}{len(list(run))}" for c, run in groupby(text))
''',
        checks=["run_length_encode('aaabcc') == 'a3b1c2'", "run_length_encode('') == ''"],
    ),
]
