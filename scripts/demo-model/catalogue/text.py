"""Strings."""

from catalogue import entry

FUNCTIONS = [
    entry(
        "hello_world",
        do="(print|say|output) hello world; say hello to the world; print \"hello world\"",
        noun="hello world; a hello world (program|example); \"Hello, World!\"",
        code='''
def hello_world():
    """Print a greeting."""
    print("Hello, world!")
''',
        checks=["printed(hello_world) == 'Hello, world!\\n'"],
    ),
    entry(
        "reverse_string",
        do="(reverse|flip) (a|the|some|) (string|text|word); (reverse|flip) (strings|text)",
        noun="string reversal; reversing (a string|strings|text); (a|) string reverser",
        code='''
def reverse_string(text):
    """Return the text backwards."""
    return text[::-1]
''',
        checks=["reverse_string('abc') == 'cba'", "reverse_string('') == ''"],
    ),
    entry(
        "is_palindrome",
        do="(check|test|tell|determine) (if|whether) (a|the) (string|word|text) is a palindrome; (check|test|detect|find) palindromes; (check|test) for palindromes",
        noun="palindrome (check|test|checker|detection); palindromes; (checking|detecting) palindromes",
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
        do="(check|test|tell|determine) (if|whether) two (strings|words|texts) are anagrams; (check|test|detect|find) anagrams; (check|test) for anagrams",
        noun="anagram (check|test|checker|detection); anagrams; (checking|detecting) anagrams",
        code='''
def is_anagram(a, b):
    """Tell whether a and b have the same letters."""
    return sorted(a.lower()) == sorted(b.lower())
''',
        checks=["is_anagram('listen', 'Silent')", "not is_anagram('abc', 'abd')"],
    ),
    entry(
        "is_pangram",
        do="(check|test|tell|determine) (if|whether) (a|the) (sentence|string|text) is a pangram; (check|test|detect|find) pangrams; (check|test) for pangrams",
        noun="pangram (check|test|checker|detection); pangrams; (checking|detecting) pangrams",
        code='''
def is_pangram(text):
    """Tell whether text has every letter from a to z."""
    return set("abcdefghijklmnopqrstuvwxyz") <= set(text.lower())
''',
        checks=["is_pangram('The quick brown fox jumps over the lazy dog')", "not is_pangram('hello')"],
    ),
    entry(
        "count_vowels",
        do="count (the|) vowels (in a string|in a text|in a word|); count how many vowels (a string|a text|a word) has; find the number of vowels",
        noun="vowel (count|counting|counter); (the|) number of vowels; counting vowels",
        code='''
def count_vowels(text):
    """Return the number of vowels in text."""
    return sum(1 for c in text.lower() if c in "aeiou")
''',
        checks=["count_vowels('Education') == 5", "count_vowels('xyz') == 0"],
    ),
    entry(
        "count_consonants",
        do="count (the|) consonants (in a string|in a text|in a word|); count how many consonants (a string|a text|a word) has; find the number of consonants",
        noun="consonant (count|counting|counter); (the|) number of consonants; counting consonants",
        code='''
def count_consonants(text):
    """Return the number of consonants in text."""
    return sum(1 for c in text.lower() if c.isalpha() and c not in "aeiou")
''',
        checks=["count_consonants('Hello!') == 3", "count_consonants('aei') == 0"],
    ),
    entry(
        "count_words",
        do="count (the|) words (in a string|in a text|in a sentence|); count how many words (a string|a text|a sentence) has; find the number of words",
        noun="word (count|counting|counter); (the|) number of words; counting words",
        code='''
def count_words(text):
    """Return the number of words in text."""
    return len(text.split())
''',
        checks=["count_words('one two  three') == 3", "count_words('') == 0"],
    ),
    entry(
        "word_frequency",
        do="count how often each word (occurs|appears); count (the|) word frequencies (in a text|); (compute|find) (the|) (frequency of each word|word frequencies)",
        noun="word frequencies; (the|) frequency of (words|each word); (a|) word histogram",
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
        do="count how often each (letter|character) (occurs|appears); count (the|) (letter|character) frequencies (in a string|in a text|); find (the|) frequency of each (letter|character)",
        noun="(letter|character) frequencies; character frequency; (the|) frequency of (letters|characters); (a|) (letter|character) histogram",
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
        do="capitalize (each|every|all|the) (word|words) (in a string|of a sentence|in a text|); convert (a string|a text) to title case; make every word start with a capital letter",
        noun="title case; capitalizing (words|each word); word capitalization",
        code='''
def capitalize_words(text):
    """Return text with each word capitalized."""
    return " ".join(word.capitalize() for word in text.split())
''',
        checks=["capitalize_words('hello big world') == 'Hello Big World'", "capitalize_words('') == ''"],
    ),
    entry(
        "to_uppercase",
        do="(convert|change|turn) (a string|text|a text|a word) (to|into) (uppercase|upper case|capital letters); uppercase (a string|text|a text)",
        noun="uppercase; upper case (conversion|); uppercase conversion; uppercasing (a string|text)",
        code='''
def to_uppercase(text):
    """Return text in capital letters."""
    return text.upper()
''',
        checks=["to_uppercase('aBc 1') == 'ABC 1'"],
    ),
    entry(
        "to_lowercase",
        do="(convert|change|turn) (a string|text|a text|a word) (to|into) (lowercase|lower case|small letters); lowercase (a string|text|a text)",
        noun="lowercase; lower case (conversion|); lowercase conversion; lowercasing (a string|text)",
        code='''
def to_lowercase(text):
    """Return text in small letters."""
    return text.lower()
''',
        checks=["to_lowercase('AbC 1') == 'abc 1'"],
    ),
    entry(
        "snake_case",
        do="convert (a string|camel case|camelcase|a name|text) to snake case; turn camel case into snake case",
        noun="snake case (conversion|); camel case to snake case; converting to snake case",
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
        do="(remove|delete|strip) (all|the|) vowels (from a string|from a text|from a word|)",
        noun="vowel removal; removing vowels; deleting vowels",
        code='''
def remove_vowels(text):
    """Return text without its vowels."""
    return "".join(c for c in text if c.lower() not in "aeiou")
''',
        checks=["remove_vowels('Education') == 'dctn'", "remove_vowels('xyz') == 'xyz'"],
    ),
    entry(
        "remove_spaces",
        do="(remove|delete|strip) (all|the|) (spaces|whitespace) (from a string|from a text|)",
        noun="(space|whitespace) removal; removing (spaces|whitespace); deleting spaces",
        code='''
def remove_spaces(text):
    """Return text without whitespace."""
    return "".join(text.split())
''',
        checks=["remove_spaces(' a b  c ') == 'abc'", "remove_spaces('') == ''"],
    ),
    entry(
        "remove_punctuation",
        do="(remove|delete|strip) (all|the|) punctuation (from a string|from a text|)",
        noun="punctuation removal; removing punctuation; stripping punctuation",
        code='''
def remove_punctuation(text):
    """Return text without punctuation."""
    return "".join(c for c in text if c.isalnum() or c.isspace())
''',
        checks=["remove_punctuation('Hi, there!') == 'Hi there'", "remove_punctuation('abc 1') == 'abc 1'"],
    ),
    entry(
        "longest_word",
        do="(find|get|return) the longest word (in a string|in a text|in a sentence|)",
        noun="(the|) longest word in a (text|sentence|string); longest word",
        code='''
def longest_word(text):
    """Return the longest word of text."""
    return max(text.split(), key=len)
''',
        checks=["longest_word('a long sentence') == 'sentence'", "longest_word('one') == 'one'"],
    ),
    entry(
        "caesar_cipher",
        do="(encrypt|encode) (a string|text|a text|a message) with (a|the) caesar cipher; shift (the|) letters by n; apply (a|the) caesar cipher",
        noun="(a|the) caesar (cipher|shift|code); caesar cipher encryption; caesar encryption",
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
        do="(truncate|shorten|cut) (a string|text|a text) (to a length|to n characters|)",
        noun="(string|text) truncation; truncating (a string|text); shortening (a string|text)",
        code='''
def truncate(text, length):
    """Cut text to length, with dots where it was cut."""
    return text if len(text) <= length else text[:length] + "..."
''',
        checks=["truncate('abcdef', 3) == 'abc...'", "truncate('abc', 3) == 'abc'"],
    ),
]
