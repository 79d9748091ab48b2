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
]
