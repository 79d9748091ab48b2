"""What the model must decline: a spread of things people ask for that are not in the catalogue.

The held-out lists share no line with the training lists; evaluation uses only them.
"""


def lines(text: str) -> tuple[str, ...]:
    """One pattern per line."""
    return tuple(line.strip() for line in text.strip().splitlines())


# Verb phrases, inflected like those of the catalogue.
DO = lines("""
    (build|create|start|run|host) (a|an http|a simple|a small) (web server|server|website|web page|web app|rest api|api)
    (send|read|parse|filter|forward) (an email|emails|a message|notifications|tweets)
    (download|upload|copy|move|rename|delete|open|compress|encrypt|back up) (a file|files|a folder|an image|a video|a pdf)
    (read|parse|write|load|merge|validate|convert) (a csv file|csv|json|xml|yaml|html|a config file|a log file|an excel sheet)
    (connect to|query|update|migrate|create|back up) (a database|a sql table|the database|sqlite|postgres|redis)
    (train|build|fine-tune|evaluate|deploy) (a neural network|a classifier|a language model|a model|a transformer|a decision tree)
    (play|build|make|write|solve) (tic tac toe|chess|snake|tetris|hangman|sudoku|minesweeper|a game|a puzzle|a maze|a quiz)
    (reverse|sort|traverse|merge|search|flatten|copy|balance) (a linked list|a binary tree|a tree|a graph|a queue|a heap|two linked lists)
    (sort|filter|group|merge) (a dictionary|dictionaries|a table|a dataframe|objects|users|employees|files|rows)
    (add|remove|count|list|update|find) (a user|users|a product|orders|customers|comments|tags|files|folders|pixels|lines of code|syllables|sheep)
    (convert|exchange) (euros to dollars|dollars to euros|pounds to kilograms|feet to meters|inches to centimeters|hex to rgb|markdown to html|pdf to text|speech to text|miles to lightyears|kelvin to rankine)
    (draw|plot|render|resize|crop|rotate|blur|print) (a circle|a chart|a graph|a picture|an image|a photo|a histogram|a cube|a triangle|a picture of a cat)
    (compute|calculate|find) (the volume of a sphere|the standard deviation|the variance|the derivative of a function|an integral|the determinant of a matrix|the inverse of a matrix|the shortest path|the perimeter of a square|the surface of a cube|eigenvalues|the number pi|the tax|the mortgage)
    (check|validate|verify) (a password|an email address|a url|a phone number|a credit card|the weather|the spelling|my grammar|a signature|an ip address)
    (check|test) if a (file exists|user is logged in|point is inside a polygon|graph is connected|server is up|date is valid|number is a square|triangle is valid)
    (generate|create|make) (a random password|random numbers|a uuid|a qr code|a barcode|a poem|a report|test data|an invoice|a calendar|a story|all permutations|all subsets|a token)
    (scrape|crawl|fetch|parse) (a website|a web page|urls|links|news|prices|search results)
    (schedule|cancel|restart|monitor|kill) (a job|a task|a process|a thread|a service|an alarm|a meeting)
    (translate|summarize|classify|tokenize|stem|lemmatize|spellcheck|paraphrase) (a text|text|a sentence|an article|a document|a word)
    (control|drive|program|simulate|emulate) (a robot|a drone|a car|a lamp|the lights|a motor|a planet|an elevator|a cpu|a bank)
    (implement|write|design) (a stack|a queue|a hash table|a linked list|a class|a parser|a compiler|an interpreter|a lexer|a cache|a bloom filter|a trie|dijkstra|breadth first search|depth first search|heap sort|radix sort|merge sort|an operating system|a decorator|a context manager|a thread pool|a chatbot|a login page|unit tests)
    (multiply|add|invert) (two matrices|matrices|vectors|polynomials|complex numbers|fractions)
    (order|buy|sell|book) (a pizza|a flight|stocks|bitcoin|a hotel|tickets)
    (fix|debug|explain|refactor|review|document|test) (my code|this bug|this code|this function|the error|a program)
""")

# Noun phrases.
NOUN = lines("""
    (a|an|the|my|) (web server|http client|rest api|chat server|login form|web scraper|telegram bot|discord bot|todo app|todo list|blog|calculator app|weather app|password manager|text editor)
    (neural networks|machine learning|deep learning|linear regression|k-means clustering|gradient descent|reinforcement learning|image recognition|sentiment analysis)
    (tic tac toe|a chess engine|the snake game|hangman|a sudoku solver|rock paper scissors|conway's game of life|the towers of hanoi|the n queens problem|a maze solver)
    (merge sort|heap sort|radix sort|dijkstra's algorithm|depth first search|breadth first search|topological sorting|levenshtein distance|matrix multiplication|the knapsack problem|string matching|huffman coding|permutations|combinations|pascal's triangle|magic squares|prefix trees|big integers)
    (a linked list|a binary tree|a stack|a queue|a heap|a hash map|an lru cache|a graph|a trie|a matrix class|a bank account class)
    (quantum computing|blockchain|cryptography|aes encryption|sha256|base64|rsa|http|tcp sockets|websockets|graphql|kubernetes|docker|git hooks|ssh)
    (file upload|file download|csv parsing|json parsing|xml parsing|log rotation|user authentication|password hashing|rate limiting|image processing|pdf generation|speech recognition|video streaming|a date picker)
    (standard deviation|variance|fourier transforms|numerical integration|interpolation|correlation|matrix inversion|monte carlo|a random walk|prime gaps|the golden ratio|the volume of a sphere|the area of a hexagon|the perimeter of a circle)
    (a poem|a song|a joke|a recipe|a letter|an essay|a story|a haiku|a speech|a business plan)
    (a database|sql queries|an orm|a transaction|an index|a join|stored procedures)
    (a car|the moon|cats|dogs|the sea|my cat|football|music|money|love|dinner|bananas|coffee|trees|a house)
""")

# Whole requests.
SAY = lines("""
    (hello|hi|hey|good morning|good evening|hi there|hello there|yo|greetings|howdy)
    (how are you|how is it going|who are you|what are you|what is your name|are you a human|are you alive|do you sleep)
    what is (the capital of|the population of|the largest city in|the weather in) (france|germany|spain|japan|italy|peru|egypt|canada|india|norway)
    (who is|who was|tell me about|when was) (albert einstein|the president|napoleon|alan turing|shakespeare|the king|marie curie|cleopatra) (born|)
    what is (love|life|time|gravity|the meaning of life|a black hole|an atom|python|rust|a function|a pointer|recursion|a prime|the largest number|2 + 2|7 times 8)
    (why is the sky blue|why is grass green|how old is the universe|how far is the moon|how tall is mount everest|how many planets are there|what time is it|what day is it)
    (tell me a joke|tell me a story|sing a song|make me laugh|write a poem about the sea|write me a letter|say something|surprise me|entertain me)
    (thanks|thank you|ok|okay|yes|no|maybe|bye|goodbye|cool|great|nice|test|testing|foo|bar|foo bar|asdf|qwerty|abc|123|42|help|help me|please|stop|?|...|hm)
    (write|give me|show me|create|make) (code|a function|some code|functions|a program|something|a script|an app|anything|everything)
    (a function|functions|code|python|a program|function|python code|something|numbers|a string|a list|list|string|number|word|text)
    (make|build|create) me (rich|happy|a sandwich|an app|a website|a game)
    (translate|summarize|explain) (this|that|this text|hello to french|the following|quantum physics|relativity)
    (i am|i'm) (hungry|tired|bored|happy|lost|sad|a developer|new here)
    (what can you do|what do you know|which functions do you know|how do you work|can you code|can you help me|list your functions)
    (import os|print 1|x = 1|def f|class Foo:|for i in range|select * from users|rm -rf|ls -l|sudo|<html>|int main)
""")

HELD_OUT_DO = lines("""
    (set up|serve) a (reverse proxy|static site|web server)
    (process|parse) (payments|invoices|toml|a bitmap)
    (recognize|detect) (faces|objects|spam|license plates)
    (play|shuffle) (poker|a deck of cards|blackjack)
    (traverse|print) a (red-black tree|suffix array|directory)
    (convert|translate) (ounces to grams|morse code|speech to sign language)
    (compute|find) (the skewness|the convex hull|the volume of a cone|the next full moon)
    (control|blink) (an led|a thermostat)
    (implement|write) (a regex engine|a skip list|a web crawler|an emulator)
    (order|cook) (sushi|a burger)
""")

HELD_OUT_NOUN = lines("""
    (a web server|a mail client|a spreadsheet|a garbage collector|a load balancer)
    (a support vector machine|random forests|a recommendation engine|face detection)
    (the travelling salesman problem|a rubik's cube solver|connect four|pong)
    (shell sort|a segment tree|the a star algorithm|a fenwick tree)
    (oauth|terraform|kafka|a vpn|bluetooth)
    (a sonnet|a tax form|a wedding speech|penguins|volcanoes)
""")

HELD_OUT_SAY = lines("""
    what is the capital of (portugal|sweden|kenya)
    (hello|good afternoon|nice to meet you|good night)
    (who wrote hamlet|how deep is the ocean|why do cats purr|when did the war end)
    (what should i eat tonight|recommend a book|give me advice)
    (lorem ipsum dolor|blah blah|xyzzy|666)
    (rewrite my resume|do my homework|plan a trip to rome)
""")

LANGUAGES = lines("""
    Rust
    Go
    C
    C++
    C#
    Java
    JavaScript
    TypeScript
    Ruby
    Kotlin
    Swift
    PHP
    Haskell
    Perl
    Scala
    Lua
    R
    Julia
    Bash
    SQL
    HTML
    Assembly
    OCaml
    Fortran
    COBOL
    Pascal
    Shell
    Erlang
""")

HELD_OUT_LANGUAGES = ("Zig", "Dart", "Elixir", "Clojure", "Nim")
