"""Arithmetic and number theory."""

from catalogue import entry

FUNCTIONS = [
    entry(
        "add",
        do="(add|sum up) (two|2) numbers; compute the sum of (two|2) numbers; add (a and b|x and y); (return|get|find) the sum of (two numbers|a and b); (put|add) two (numbers|values) together",
        noun="addition; adding; the sum of two numbers; adding two numbers; (a|the) sum of (a and b|two values); (number|simple) addition",
        code='''
def add(a, b):
    """Return the sum of a and b."""
    return a + b
''',
        checks=["add(2, 3) == 5", "add(-1, 1) == 0", "add(0.5, 0.25) == 0.75"],
    ),
    entry(
        "subtract",
        do="subtract (two|2) numbers; subtract (one number|a number) from another; subtract b from a; compute the difference of two numbers; (take|subtract) one (number|value) (from|off) another; (return|get|find) the difference of two (numbers|values)",
        noun="subtraction; subtracting; the difference of two numbers; subtracting two numbers; (the|) difference (of|between) two (numbers|values); (number|simple) subtraction",
        code='''
def subtract(a, b):
    """Return a minus b."""
    return a - b
''',
        checks=["subtract(5, 3) == 2", "subtract(3, 5) == -2", "subtract(0.75, 0.5) == 0.25"],
    ),
    entry(
        "multiply",
        do="multiply (two|2) numbers; compute the product of (two|2) numbers; multiply (a and b|a by b); (return|get|find) the product of (two numbers|a and b); (multiply|take) one number (by|times) another",
        noun="multiplication; multiplying; the product of two numbers; multiplying two numbers; (the|) product of (a and b|two values); (number|simple) multiplication",
        code='''
def multiply(a, b):
    """Return the product of a and b."""
    return a * b
''',
        checks=["multiply(4, 3) == 12", "multiply(-2, 5) == -10", "multiply(7, 0) == 0"],
    ),
    entry(
        "divide",
        do="divide (two|2) numbers; divide (one number|a number) by another; divide a by b; compute the quotient of two numbers; (return|get|find) the (quotient|ratio) of two numbers; (split|divide) one (number|value) by another",
        noun="division; dividing; the quotient of two numbers; (safe division|dividing two numbers); (the|) quotient of (a and b|two values); (number|simple) division",
        code='''
def divide(a, b):
    """Return a divided by b."""
    if b == 0:
        raise ValueError("cannot divide by zero")
    return a / b
''',
        checks=["divide(6, 3) == 2", "divide(1, 4) == 0.25", "fails(divide, 1, 0)"],
    ),
    entry(
        "modulo",
        do="compute the (remainder|modulo|modulus) of (a division|two numbers); get the remainder of a division; find the remainder (after|of) (a division|dividing); compute (a modulo b|a mod b|the remainder of a and b); calculate what (remains|is left) after a division",
        noun="(the|) modulus; the remainder; remainder of a division; the modulo operation; mod; (modulo|remainder) (operator|calculation)",
        code='''
def modulo(a, b):
    """Return the remainder of a divided by b."""
    return a % b
''',
        checks=["modulo(7, 3) == 1", "modulo(8, 4) == 0"],
    ),
    entry(
        "power",
        do="raise a number to a power; compute (a power|powers) of a number; compute a to the power of b; (do|compute) exponentiation; (calculate|find|get) the (power|nth power) of a number; raise (a|x) to (b|the power n|n)",
        noun="exponentiation; (powers|power) of a number; exponents; (a|the) number (raised|) to a power; x to the (power of n|nth power); raising (a number|numbers) to a power",
        code='''
def power(base, exponent):
    """Return base raised to exponent."""
    return base ** exponent
''',
        checks=["power(2, 10) == 1024", "power(5, 0) == 1", "power(2, -1) == 0.5"],
    ),
    entry(
        "square",
        do="square a number; compute the square of (a number|x); (calculate|find|get|return) the square of a number; multiply a number (by|with) itself; raise a number to the power of two",
        noun="(the|) square of a number; squaring a number; squaring; (the|a) squared number; x squared; number squaring",
        code='''
def square(x):
    """Return x squared."""
    return x * x
''',
        checks=["square(4) == 16", "square(-3) == 9"],
    ),
    entry(
        "cube",
        do="cube a number; compute the cube of (a number|x); (calculate|find|get|return) the cube of a number; multiply a number by itself twice; raise a number to the (third power|power of three)",
        noun="(the|) cube of a number; cubing a number; cubing; (the|a) cubed number; x cubed; (third power|the third power) of a number",
        code='''
def cube(x):
    """Return x cubed."""
    return x ** 3
''',
        checks=["cube(3) == 27", "cube(-2) == -8"],
    ),
    entry(
        "square_root",
        do="(compute|find|get) (the|a) square root (of a number|); take the square root of a number; (calculate|return) the square root of (x|n|a number); (compute|find) the root of a number",
        noun="square roots; the square root of a number; sqrt; (the|a) square root (calculation|calculator|); root of a number; (computing|taking) square roots",
        code='''
def square_root(x):
    """Return the square root of x."""
    if x < 0:
        raise ValueError("x must not be negative")
    return x ** 0.5
''',
        checks=["square_root(9) == 3", "square_root(0) == 0", "fails(square_root, -1)"],
    ),
    entry(
        "absolute",
        do="(compute|get|return|find) the absolute value (of a number|); make a number positive; (remove|drop) the sign of a number; (calculate|take) the (absolute value|modulus) of x; (compute|get) the magnitude of a number",
        noun="(the|) absolute value; absolute value of a number; (absolute|) magnitude of a number; the absolute value of x; abs",
        code='''
def absolute(x):
    """Return the absolute value of x."""
    return -x if x < 0 else x
''',
        checks=["absolute(-4) == 4", "absolute(4) == 4", "absolute(0) == 0"],
    ),
    entry(
        "clamp",
        do="clamp a (number|value) (to a range|between two limits|); limit a (number|value) to a range; keep a (number|value) (in|within) a range; (force|bound|hold) a number between (two limits|a minimum and a maximum)",
        noun="clamping; clamping a (number|value); limiting a value to a range; (bounding|keeping) a number (in|within) a range; (number|value) clamping",
        code='''
def clamp(x, low, high):
    """Limit x to the range from low to high."""
    return max(low, min(x, high))
''',
        checks=["clamp(5, 0, 3) == 3", "clamp(-1, 0, 3) == 0", "clamp(2, 0, 3) == 2"],
    ),
    entry(
        "percentage",
        do="(compute|calculate) (a|the) percentage; compute what percent a (part|number) is of a (whole|total); (find|get) the percentage of a (part|number) in a (whole|total); (work out|calculate) (percentages|a percent)",
        noun="percentages; percent of a (whole|total); percentage of a (whole|total); (a|the) percentage (calculation|calculator); (computing|calculating) percentages",
        code='''
def percentage(part, whole):
    """Return part as a percentage of whole."""
    return 100 * part / whole
''',
        checks=["percentage(1, 4) == 25", "percentage(3, 2) == 150"],
    ),
    entry(
        "factorial",
        do="(compute|calculate|find|get) (the|a) factorial (of a number|of n|); compute n!; multiply (all|the) numbers from 1 to n; (return|work out) (n factorial|the factorial)",
        noun="(the|) factorial of (a number|n); factorials; n!; (recursive|) factorial; (a|the) factorial (calculation|calculator); n factorial",
        code='''
def factorial(n):
    """Return n!, the product of 1 to n."""
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result
''',
        checks=["factorial(0) == 1", "factorial(1) == 1", "factorial(5) == 120"],
    ),
    entry(
        "fibonacci",
        do="(compute|calculate|find|get|return) (the nth|a|the) fibonacci number; (generate|compute) (the|) fibonacci (numbers|sequence|series); (list|print|produce) (the|) fibonacci numbers; (return|give) the (nth|n-th) (number|term) of the fibonacci (sequence|series)",
        noun="fibonacci numbers; (the|) fibonacci (sequence|series); the (nth|n-th) fibonacci number; fib; (a|) fibonacci (generator|calculator); fibonacci",
        code='''
def fibonacci(n):
    """Return the n-th Fibonacci number."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
''',
        checks=["fibonacci(0) == 0", "fibonacci(1) == 1", "fibonacci(10) == 55"],
    ),
    entry(
        "is_prime",
        do="(check|test|determine|tell) (if|whether) (a number|n|an integer) is (prime|a prime|a prime number); (check|test) (for primality|for primes|for prime numbers); check (primes|primality); (decide|find out|see) (if|whether) (a number|n|an integer) is (prime|a prime number)",
        noun="(prime|primality) (check|test|checking|testing); (a|) prime number (checker|check); checking for primes; (a|) (primality|prime) (tester|checker); testing (for primes|primality)",
        code='''
def is_prime(n):
    """Tell whether n is a prime number."""
    if n < 2:
        return False
    for i in range(2, int(n ** 0.5) + 1):
        if n % i == 0:
            return False
    return True
''',
        checks=["is_prime(2)", "is_prime(97)", "not is_prime(1)", "not is_prime(9)", "not is_prime(100)"],
    ),
    entry(
        "primes_up_to",
        do="(list|find|get|generate) (all|the|) (primes|prime numbers) (up to|below|until) (n|a limit); (list|find|get) all (primes|prime numbers); (print|collect|return) (all|the) (primes|prime numbers) (up to|below) (n|a limit|100); (find|list) every prime (up to|below) n",
        noun="(primes|prime numbers) (up to|below) (n|a limit); (a list of|all|) (primes|prime numbers); (the|) (primes|prime numbers) (below|up to) a number; (listing|a list of) (the|all|) primes",
        code='''
def primes_up_to(n):
    """Return all primes up to n."""
    primes = []
    for i in range(2, n + 1):
        if all(i % p for p in primes):
            primes.append(i)
    return primes
''',
        checks=["primes_up_to(10) == [2, 3, 5, 7]", "primes_up_to(2) == [2]", "primes_up_to(1) == []"],
    ),
    entry(
        "prime_factors",
        do="(find|get|compute|list) the prime factors (of a number|of n|); factorize (a number|n|an integer); factor a number into primes; (decompose|break|split) (a number|n) into (primes|prime factors); (return|print) (all|the) prime factors",
        noun="(the|) prime factors (of a number|); prime (factorization|factorisation); factoring (a number|numbers|into primes); (prime|integer) (decomposition|factoring); (a|) (prime|) factorizer",
        code='''
def prime_factors(n):
    """Return the prime factors of n in order."""
    factors = []
    p = 2
    while n > 1:
        while n % p == 0:
            factors.append(p)
            n //= p
        p += 1
    return factors
''',
        checks=["prime_factors(12) == [2, 2, 3]", "prime_factors(7) == [7]", "prime_factors(1) == []"],
    ),
    entry(
        "divisors",
        do="(find|list|get|compute) (all|the) divisors (of a number|of n|); list all numbers that divide n; (print|return) every divisor (of a number|of n|); find (all|the) numbers that divide (a number|n)",
        noun="(the|all|) divisors (of a number|of n); a list of divisors; (all|the) factors of (a number|n); (finding|listing) (all|) divisors; (a|) divisor (list|finder)",
        code='''
def divisors(n):
    """Return all divisors of n in order."""
    return [i for i in range(1, n + 1) if n % i == 0]
''',
        checks=["divisors(6) == [1, 2, 3, 6]", "divisors(1) == [1]", "divisors(7) == [1, 7]"],
    ),
    entry(
        "gcd",
        do="(compute|find|calculate|get) the (greatest common divisor|gcd|greatest common factor) (of two numbers|); (return|work out) the (gcd|greatest common divisor) of (a and b|two numbers|two integers); find the (largest|greatest|highest) number that divides (both|two) numbers; (run|implement) (euclid's algorithm|the euclidean algorithm)",
        noun="(the|) greatest common divisor; (the|) gcd of two numbers; euclid's algorithm; (the|) euclidean algorithm; (the|) (greatest common factor|highest common factor); gcd",
        code='''
def gcd(a, b):
    """Return the greatest common divisor of a and b."""
    while b:
        a, b = b, a % b
    return a
''',
        checks=["gcd(12, 18) == 6", "gcd(7, 5) == 1", "gcd(4, 0) == 4"],
    ),
    entry(
        "lcm",
        do="(compute|find|calculate|get) the (least common multiple|lcm) (of two numbers|); (return|work out) the (lcm|least common multiple) of (a and b|two numbers|two integers); find the (smallest|lowest|least) common multiple; find the (smallest|lowest) number that two numbers divide",
        noun="(the|) least common multiple; (the|) lcm of two numbers; (the|) (lowest|smallest) common multiple; lcm; (a|) lcm (calculator|calculation)",
        code='''
def lcm(a, b):
    """Return the least common multiple of a and b."""
    x, y = a, b
    while y:
        x, y = y, x % y
    return a * b // x
''',
        checks=["lcm(4, 6) == 12", "lcm(3, 5) == 15", "lcm(7, 7) == 7"],
    ),
    entry(
        "is_even",
        do="(check|test|tell|determine) (if|whether) (a number|n|an integer) is even; (check|test) for even numbers; (see|find out|decide) (if|whether) a number is even; (check|test) (if|whether) a number is divisible by (two|2)",
        noun="even (check|test); (checking for|) even numbers; even number (check|checker); (an|) (even|evenness) (test|check|tester); (a|) test for even numbers",
        code='''
def is_even(n):
    """Tell whether n is even."""
    return n % 2 == 0
''',
        checks=["is_even(4)", "is_even(0)", "not is_even(7)"],
    ),
    entry(
        "is_odd",
        do="(check|test|tell|determine) (if|whether) (a number|n|an integer) is odd; (check|test) for odd numbers; (see|find out|decide) (if|whether) a number is odd; (check|test) (if|whether) a number is not divisible by (two|2)",
        noun="odd (check|test); (checking for|) odd numbers; odd number (check|checker); (an|) (odd|oddness) (test|check|tester); (a|) test for odd numbers",
        code='''
def is_odd(n):
    """Tell whether n is odd."""
    return n % 2 == 1
''',
        checks=["is_odd(3)", "not is_odd(0)", "not is_odd(8)"],
    ),
    entry(
        "is_leap_year",
        do="(check|test|tell|determine) (if|whether) a year is a leap year; (check|test) for leap years; detect leap years; (see|find out|decide) (if|whether) a year (is a leap year|has 366 days)",
        noun="leap year (check|test|checker); leap years; checking leap years; (a|) leap year (tester|detector|detection); testing (for|) leap years",
        code='''
def is_leap_year(year):
    """Tell whether year is a leap year."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
''',
        checks=["is_leap_year(2024)", "is_leap_year(2000)", "not is_leap_year(1900)", "not is_leap_year(2023)"],
    ),
    entry(
        "is_perfect",
        do="(check|test|tell|determine) (if|whether) (a number|n|an integer) is perfect; (check|test) for perfect numbers; (see|find out|decide) (if|whether) a number is (perfect|a perfect number); check (if|whether) a number equals the sum of its divisors",
        noun="perfect number (check|test|checker); (checking for|) perfect numbers; (a|) perfect number (tester|detector|testing); testing (for|) perfect numbers",
        code='''
def is_perfect(n):
    """Tell whether n equals the sum of its smaller divisors."""
    return n > 1 and n == sum(i for i in range(1, n) if n % i == 0)
''',
        checks=["is_perfect(6)", "is_perfect(28)", "not is_perfect(12)", "not is_perfect(1)"],
    ),
    entry(
        "sum_digits",
        do="(sum|add up) the digits of (a number|n|an integer); (compute|calculate|find|get) the (sum of the digits|digit sum) (of a number|); (total|add together) (the|all) digits of a number; (return|work out) the (digit sum|sum of digits)",
        noun="(the|) sum of digits; digit sum; the sum of the digits of a number; digit sums; adding (the|up the) digits (of a number|); (a|the) digit (total|sum function)",
        code='''
def sum_digits(n):
    """Return the sum of the digits of n."""
    return sum(int(digit) for digit in str(abs(n)))
''',
        checks=["sum_digits(123) == 6", "sum_digits(0) == 0", "sum_digits(-45) == 9"],
    ),
    entry(
        "reverse_number",
        do="reverse the digits of (a number|n|an integer); (reverse|flip) (a number|an integer); turn (a number|an integer) around; (return|write) (a number|an integer) backwards",
        noun="number reversal; reversing (a number|the digits of a number); (integer|digit) reversal; (a number|an integer) backwards; (a|) number reverser",
        code='''
def reverse_number(n):
    """Return n with its digits reversed."""
    return int(str(n)[::-1])
''',
        checks=["reverse_number(123) == 321", "reverse_number(10) == 1"],
    ),
    entry(
        "collatz",
        do="(compute|generate|get|print) the collatz (sequence|series) (of a number|); (list|show|return) the collatz (numbers|steps) (of n|of a number|); (do|run) the 3n + 1 (steps|problem); follow the collatz (rule|conjecture)",
        noun="(the|) collatz (sequence|series|conjecture); collatz steps; (the|) 3n + 1 (problem|sequence); (the|) hailstone (numbers|sequence)",
        code='''
def collatz(n):
    """Return the Collatz sequence from n down to 1."""
    steps = [n]
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps.append(n)
    return steps
''',
        checks=["collatz(1) == [1]", "collatz(6) == [6, 3, 10, 5, 16, 8, 4, 2, 1]"],
    ),
    entry(
        "fizzbuzz",
        do="(play|solve|do) (fizzbuzz|fizz buzz); (print|return|list) the fizzbuzz (numbers|sequence); (write|make|code) (fizz buzz|fizzbuzz); (count|go) from 1 to n with (fizz and buzz|fizzbuzz)",
        noun="fizz buzz; the fizzbuzz (game|problem); FizzBuzz; (the|a) fizz buzz (game|problem|exercise|); fizz and buzz",
        code='''
def fizzbuzz(n):
    """Return the FizzBuzz words from 1 to n."""
    words = []
    for i in range(1, n + 1):
        word = "Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0)
        words.append(word or str(i))
    return words
''',
        checks=["fizzbuzz(5) == ['1', '2', 'Fizz', '4', 'Buzz']", "fizzbuzz(15)[-1] == 'FizzBuzz'"],
    ),
    entry(
        "count_digits",
        do="count (the|all|) digits (of a number|in a number|of an integer); (find|get|return) the number of digits (of a number|of n|); count how many digits (a number|an integer) has; measure how long a number is",
        noun="(the|) number of digits (of a number|in a number|); digit (count|counting|counter); counting (the|) digits (of a number|); (the|a) count of digits",
        code='''
def count_digits(n):
    """Return the number of digits of n."""
    return len(str(abs(n)))
''',
        checks=["count_digits(0) == 1", "count_digits(-123) == 3", "count_digits(10) == 2"],
    ),
    entry(
        "is_perfect_square",
        do="(check|test|tell|determine) (if|whether) a number is a (perfect square|square number); check for (perfect squares|square numbers); (see|decide) (if|whether) a number is (a perfect|a) square; (test|detect) (perfect squares|square numbers)",
        noun="perfect square (check|test|checker); perfect squares; (checking|testing) (for|) perfect squares; (a|) square number (check|test|checker)",
        code='''
def is_perfect_square(n):
    """Tell whether n is the square of an integer."""
    from math import isqrt
    return n >= 0 and isqrt(n) ** 2 == n
''',
        checks=["is_perfect_square(49)", "is_perfect_square(0)", "not is_perfect_square(50)", "not is_perfect_square(-4)"],
    ),
    entry(
        "is_armstrong",
        do="(check|test|tell|determine) (if|whether) a number is an (armstrong|narcissistic) number; check for (armstrong|narcissistic) numbers; (see|decide) (if|whether) a number is (armstrong|narcissistic); (test|detect) (armstrong|narcissistic) numbers",
        noun="(armstrong|narcissistic) number (check|test|checker); (armstrong|narcissistic) numbers; (checking|testing) (for|) armstrong numbers; (an|) armstrong (check|test|checker)",
        code='''
def is_armstrong(n):
    """Tell whether n is the sum of its digits to the power of their count."""
    digits = str(n)
    return n == sum(int(d) ** len(digits) for d in digits)
''',
        checks=["is_armstrong(153)", "is_armstrong(9)", "not is_armstrong(154)"],
    ),
    entry(
        "sum_to_n",
        do="(sum|add) (all|the) numbers (up to n|from 1 to n|from one to n); (compute|calculate|find) the sum of the first n (numbers|integers|natural numbers); (compute|find) the (nth|n-th) triangular number; (compute|get) the sum (from 1 to n|up to n)",
        noun="(the|) sum (from 1 to n|up to n); (the|) sum of the first n (numbers|integers|natural numbers); (the|) triangular (numbers|number); sum of natural numbers",
        code='''
def sum_to_n(n):
    """Return the sum of the numbers from 1 to n."""
    return n * (n + 1) // 2
''',
        checks=["sum_to_n(100) == 5050", "sum_to_n(0) == 0"],
    ),
    entry(
        "multiplication_table",
        do="(print|make|create|generate) (a|the) (multiplication table|times table) (of a number|of n|); list the (multiples|first ten multiples) of a number; (show|return) the times table (of a number|of n|); (write|build) (a|the) (times table|multiplication table)",
        noun="(a|the|) multiplication (table|tables); (a|the|) times (table|tables); (the|) first (ten|10) multiples of a number; (the|) multiples of a number",
        code='''
def multiplication_table(n):
    """Return the first ten multiples of n."""
    return [n * i for i in range(1, 11)]
''',
        checks=["multiplication_table(3) == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]"],
    ),
    entry(
        "binomial",
        do="(compute|calculate|find) (the|a) binomial (coefficient|coefficient of n and k); compute n choose k; count the (combinations|ways to choose k of n things); (count|compute) how many ways there are to choose k (of n|items)",
        noun="(a|the|) binomial coefficient; n choose k; (the|) number of combinations; binomial coefficients; (counting|the count of) combinations",
        code='''
def binomial(n, k):
    """Return the number of ways to choose k of n things."""
    result = 1
    for i in range(k):
        result = result * (n - i) // (i + 1)
    return result
''',
        checks=["binomial(5, 2) == 10", "binomial(4, 0) == 1", "binomial(3, 5) == 0"],
    ),
    entry(
        "swap",
        do="swap (two|2) (values|variables|numbers); (exchange|switch) (two|2) (values|variables); swap (a and b|x and y); (exchange|switch) (a and b|the values of two variables)",
        noun="swapping (two values|two variables|two numbers|variables); (a|) (swap|exchange) of two (values|variables|numbers); (variable|value) swapping; (a|) variable swap",
        code='''
def swap(a, b):
    """Return a and b in the other order."""
    return b, a
''',
        checks=["tuple(swap(1, 2)) == (2, 1)"],
    ),
    entry(
        "max_of_three",
        do="(find|get|return) the (largest|biggest|greatest|maximum) of (three|3) numbers; (compute|take) the maximum of three (numbers|values); compare (three|3) numbers; find the (largest|biggest) of (a, b and c|three values)",
        noun="(the|) (largest|biggest|greatest) of (three|3) numbers; (the|) maximum of (three|3) (numbers|values); comparing (three|3) numbers; (max|maximum) of three",
        code='''
def max_of_three(a, b, c):
    """Return the largest of three numbers."""
    return max(a, b, c)
''',
        checks=["max_of_three(1, 3, 2) == 3", "max_of_three(-1, -5, -2) == -1"],
    ),
    entry(
        "random_number",
        do="(generate|create|make|get) a random (number|integer|int) (in a range|between two numbers|between low and high|); (pick|draw|choose) a random (number|integer); generate random (numbers|integers); (return|give) a random number",
        noun="(a|) random (number|integer); random (numbers|integers); (a|) random number (generator|between two limits|in a range); (generating|drawing) random numbers",
        code='''
def random_number(low, high):
    """Return a random integer from low to high."""
    from random import randint
    return randint(low, high)
''',
        checks=["random_number(3, 3) == 3", "all(1 <= random_number(1, 6) <= 6 for _ in range(50))"],
    ),
    entry(
        "solve_quadratic",
        do="solve (a|the) quadratic (equation|equations|); (find|compute|get) the roots of a (quadratic|quadratic equation|parabola); solve ax^2 + bx + c = 0; apply the quadratic formula",
        noun="(the|a|) quadratic (formula|equation|equations); (the|) roots of a (quadratic equation|quadratic|parabola); (a|) quadratic (equation|) solver; solving (quadratic equations|a quadratic equation)",
        code='''
def solve_quadratic(a, b, c):
    """Return the real roots of a*x*x + b*x + c."""
    d = b * b - 4 * a * c
    if d < 0:
        return []
    return sorted({(-b - d ** 0.5) / (2 * a), (-b + d ** 0.5) / (2 * a)})
''',
        checks=["solve_quadratic(1, -3, 2) == [1, 2]", "solve_quadratic(1, 0, 1) == []", "solve_quadratic(1, -2, 1) == [1]"],
    ),
    entry(
        "letter_grade",
        do="(convert|turn) a (score|mark) (to|into) a (grade|letter grade); (compute|find|get|return) the (letter grade|grade) (of a student|of a score|for a score|); (assign|give) a (letter grade|grade) (to a score|); grade (a student|students|a test score)",
        noun="(a|the|) letter (grade|grades); (a|the|) grade (calculator|of a student|for a score); (student|school|exam) grades; (grading|converting scores to grades)",
        code='''
def letter_grade(score):
    """Return the grade from A to F for a score up to 100."""
    for limit, grade in ((90, "A"), (80, "B"), (70, "C"), (60, "D")):
        if score >= limit:
            return grade
    return "F"
''',
        checks=["letter_grade(95) == 'A'", "letter_grade(80) == 'B'", "letter_grade(12) == 'F'"],
    ),
]
