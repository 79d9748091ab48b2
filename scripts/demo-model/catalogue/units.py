"""Conversions, geometry and money."""

from catalogue import entry

FUNCTIONS = [
    entry(
        "celsius_to_fahrenheit",
        do="convert (celsius|degrees celsius|a temperature in celsius) to fahrenheit; turn celsius into fahrenheit; (change|transform) (celsius|a celsius temperature|degrees celsius) (to|into) fahrenheit; (compute|get|calculate) (fahrenheit|degrees fahrenheit) from celsius",
        noun="celsius to fahrenheit (conversion|); c to f; (a|) celsius to fahrenheit converter; (converting|turning) celsius (to|into) fahrenheit; (temperature|temperatures) (from celsius to|in celsius to) fahrenheit",
        code='''
def celsius_to_fahrenheit(celsius):
    """Convert degrees Celsius to Fahrenheit."""
    return celsius * 9 / 5 + 32
''',
        checks=["celsius_to_fahrenheit(100) == 212", "celsius_to_fahrenheit(0) == 32"],
    ),
    entry(
        "fahrenheit_to_celsius",
        do="convert (fahrenheit|degrees fahrenheit|a temperature in fahrenheit) to celsius; turn fahrenheit into celsius; (change|transform) (fahrenheit|a fahrenheit temperature|degrees fahrenheit) (to|into) celsius; (compute|get|calculate) (celsius|degrees celsius) from fahrenheit",
        noun="fahrenheit to celsius (conversion|); f to c; (a|) fahrenheit to celsius converter; (converting|turning) fahrenheit (to|into) celsius; (temperature|temperatures) (from fahrenheit to|in fahrenheit to) celsius",
        code='''
def fahrenheit_to_celsius(fahrenheit):
    """Convert degrees Fahrenheit to Celsius."""
    return (fahrenheit - 32) * 5 / 9
''',
        checks=["fahrenheit_to_celsius(212) == 100", "fahrenheit_to_celsius(32) == 0"],
    ),
    entry(
        "km_to_miles",
        do="convert (kilometers|kilometres|km) to miles; turn (kilometers|kilometres|km) into miles; (change|transform) (kilometers|kilometres|km|a distance in km) (to|into) miles; (compute|get|calculate) miles from (kilometers|kilometres|km)",
        noun="(kilometers|kilometres) to miles (conversion|); km to miles (conversion|converter); (converting|turning) (kilometers|kilometres|km) (to|into) miles; (a|) (kilometers|kilometer|kilometre) to (miles|mile) converter",
        code='''
def km_to_miles(km):
    """Convert kilometres to miles."""
    return km / 1.609344
''',
        checks=["abs(km_to_miles(1.609344) - 1) < 1e-6", "abs(km_to_miles(10) - 6.21371) < 1e-3"],
    ),
    entry(
        "miles_to_km",
        do="convert miles to (kilometers|kilometres|km); turn miles into (kilometers|kilometres|km); (change|transform) (miles|a distance in miles) (to|into) (kilometers|kilometres|km); (compute|get|calculate) (kilometers|kilometres|km) from miles",
        noun="miles to (kilometers|kilometres) (conversion|); miles to km (conversion|converter); (converting|turning) miles (to|into) (kilometers|kilometres|km); (a|) (miles|mile) to (kilometers|kilometer|kilometre) converter",
        code='''
def miles_to_km(miles):
    """Convert miles to kilometres."""
    return miles * 1.609344
''',
        checks=["abs(miles_to_km(1) - 1.609344) < 1e-6", "miles_to_km(0) == 0"],
    ),
    entry(
        "decimal_to_binary",
        do="convert (a decimal|a decimal number|decimal|a number|an integer) to binary; turn (a number|a decimal number|decimal) into binary; (write|show|print) (a number|an integer) (in|as) (binary|base 2|base two); (get|compute|find) the (binary digits|binary form|bits) of a number",
        noun="decimal to binary (conversion|); (a|) decimal to binary converter; binary conversion; (the|) binary (digits|form|representation) of a number; (converting|turning) (decimal|a number) (to|into) binary",
        code='''
def decimal_to_binary(n):
    """Return n as a string of binary digits."""
    digits = ""
    while n > 0:
        digits = str(n % 2) + digits
        n //= 2
    return digits or "0"
''',
        checks=["decimal_to_binary(10) == '1010'", "decimal_to_binary(0) == '0'"],
    ),
    entry(
        "binary_to_decimal",
        do="convert (a binary number|binary|a binary string) to decimal; turn (binary|a binary number) into (decimal|a decimal number); (read|parse) a (binary number|binary string|string of bits); (get|compute|find) the (value|decimal value) of a binary (number|string)",
        noun="binary to decimal (conversion|); (a|) binary to decimal converter; (the|) (value|decimal value) of a binary (number|string); (converting|turning) binary (to|into) decimal; parsing binary (numbers|strings)",
        code='''
def binary_to_decimal(digits):
    """Return the value of a string of binary digits."""
    value = 0
    for digit in digits:
        value = 2 * value + int(digit)
    return value
''',
        checks=["binary_to_decimal('1010') == 10", "binary_to_decimal('0') == 0"],
    ),
    entry(
        "to_roman",
        do="convert (a number|an integer|numbers) (to|into) (roman numerals|a roman numeral|roman); write a number in roman numerals; (get|compute|find) the roman (numeral|form) of a number; (make|create|show) (a roman numeral|roman numerals) (from a number|from an integer|)",
        noun="roman numerals; (roman numeral|roman) conversion; (integer|number) to roman (numerals|); (a|) (number|integer|decimal) to roman (numeral|) converter; (a number|an integer|numbers) as roman numerals",
        code='''
def to_roman(n):
    """Return n as a Roman numeral."""
    values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    names = "M CM D CD C XC L XL X IX V IV I".split()
    result = ""
    for value, name in zip(values, names):
        result += name * (n // value)
        n %= value
    return result
''',
        checks=["to_roman(1994) == 'MCMXCIV'", "to_roman(4) == 'IV'", "to_roman(2026) == 'MMXXVI'"],
    ),
    entry(
        "circle_area",
        do="(compute|calculate|find|get) the area of a circle; (return|work out) (the|) (area|surface area) of a (circle|disk); (measure|compute) how big a circle is; (calculate|find) a circle's area; (get|compute) the area of a circle from its radius",
        noun="(the|) area of a circle; area of circles; the circle's area; (a|the) circle area (calculator|calculation|); (computing|calculating) the area of a circle; (a|the) disk area",
        code='''
def circle_area(radius):
    """Return the area of a circle."""
    from math import pi
    return pi * radius ** 2
''',
        checks=["abs(circle_area(1) - 3.14159265) < 1e-6", "circle_area(0) == 0"],
    ),
    entry(
        "rectangle_area",
        do="(compute|calculate|find|get) the area of a rectangle; (return|work out) the (area|surface area) of a (rectangle|room); (measure|compute) how big a rectangle is; (calculate|find) a rectangle's area; (get|compute) the area from width and height",
        noun="(the|) area of a rectangle; area of rectangles; the rectangle's area; (a|the) rectangle area (calculator|calculation|); (computing|calculating) the area of a rectangle; width times height",
        code='''
def rectangle_area(width, height):
    """Return the area of a rectangle."""
    return width * height
''',
        checks=["rectangle_area(3, 4) == 12", "rectangle_area(0, 4) == 0"],
    ),
    entry(
        "triangle_area",
        do="(compute|calculate|find|get) the area of a triangle; (return|work out) the (area|surface area) of a triangle; (measure|compute) how big a triangle is; (calculate|find) a triangle's area; (get|compute) the area from base and height",
        noun="(the|) area of a triangle; area of triangles; the triangle's area; (a|the) triangle area (calculator|calculation|); (computing|calculating) the area of a triangle; half of base times height",
        code='''
def triangle_area(base, height):
    """Return the area of a triangle."""
    return base * height / 2
''',
        checks=["triangle_area(3, 4) == 6", "triangle_area(5, 1) == 2.5"],
    ),
    entry(
        "hypotenuse",
        do="(compute|calculate|find|get) the hypotenuse (of a right triangle|of a triangle|); apply the pythagorean theorem; (use|implement) (pythagoras|the pythagorean theorem); (find|get|compute) the (longest|long|third) side of a right triangle",
        noun="(the|) hypotenuse of a (right|) triangle; the pythagorean theorem; pythagoras; (a|the) hypotenuse (calculator|calculation|); (the|) (longest|long) side of a right triangle",
        code='''
def hypotenuse(a, b):
    """Return the longest side of a right triangle."""
    return (a * a + b * b) ** 0.5
''',
        checks=["hypotenuse(3, 4) == 5", "hypotenuse(5, 12) == 13"],
    ),
    entry(
        "distance",
        do="(compute|calculate|find|get|measure) the (euclidean|) distance (between two points|of two points); (return|work out) (how far apart two points are|the distance from p to q); measure how far (apart two points are|one point is from another); (find|get) the (straight line|straight-line) distance",
        noun="(the|) distance between (two|) points; euclidean distance; point distance; (a|the) distance (calculator|calculation|) (of|between) points; (the|) (straight line|straight-line) distance",
        code='''
def distance(p, q):
    """Return the distance between two points."""
    return sum((a - b) ** 2 for a, b in zip(p, q)) ** 0.5
''',
        checks=["distance((0, 0), (3, 4)) == 5", "distance((1, 1), (1, 1)) == 0"],
    ),
    entry(
        "bmi",
        do="(compute|calculate|find|get) (the|a) (bmi|body mass index) (of a person|); (return|work out) (the|a|someone's) (bmi|body mass index); (get|find|compute) the body mass index from (weight and height|height and weight); measure (the|a) (bmi|body mass index)",
        noun="(the|) body mass index; (a|) bmi calculator; BMI; (a|the) (bmi|body mass index) (calculation|calculator|function); bmi from weight and height",
        code='''
def bmi(weight, height):
    """Return the body mass index from kilograms and metres."""
    return weight / height ** 2
''',
        checks=["bmi(80, 2) == 20", "abs(bmi(70, 1.75) - 22.857) < 1e-3"],
    ),
    entry(
        "simple_interest",
        do="(compute|calculate|find|get) (the|) simple interest; (return|work out) (the|) simple interest (of a loan|on a loan|on savings|); (compute|get) the interest (at|of) a (simple|fixed) yearly rate; (find|compute) interest without compounding",
        noun="(the|) simple interest (calculation|calculator|); simple interest of a loan; interest without compounding; (computing|calculating) simple interest; (a|) simple interest (function|formula)",
        code='''
def simple_interest(principal, rate, years):
    """Return the interest at a yearly rate in percent."""
    return principal * rate * years / 100
''',
        checks=["simple_interest(1000, 5, 2) == 100", "simple_interest(1000, 0, 2) == 0"],
    ),
    entry(
        "compound_interest",
        do="(compute|calculate|find|get) (the|) compound interest; (return|work out) (the|) compound interest (of a loan|on a loan|on savings|); (compute|get) (interest on interest|the compounded interest); (find|compute) interest with compounding",
        noun="(the|) compound interest (calculation|calculator|); compound interest of a loan; (compounded|compounding) interest; interest (on|with) interest; (computing|calculating) compound interest; (a|) compound interest (function|formula)",
        code='''
def compound_interest(principal, rate, years):
    """Return the compound interest at a yearly rate in percent."""
    return principal * (1 + rate / 100) ** years - principal
''',
        checks=["abs(compound_interest(1000, 10, 2) - 210) < 1e-6", "compound_interest(500, 0, 9) == 0"],
    ),
    entry(
        "seconds_to_time",
        do="convert seconds to (hours and minutes|hours, minutes and seconds|a time); format seconds as (a time|time); (show|write|print) seconds (as|in) (hours and minutes|hours, minutes and seconds|a clock time); (turn|change) seconds (into|to) (hours and minutes|minutes and hours|a time)",
        noun="seconds to time (conversion|); seconds to hours and minutes; formatting seconds; (a|) (time|duration) (formatter|format) for seconds; seconds (as|into) (a time|hours, minutes and seconds); (converting|turning) seconds (to|into) time",
        code='''
def seconds_to_time(seconds):
    """Return seconds as hours:minutes:seconds."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"
''',
        checks=["seconds_to_time(3661) == '01:01:01'", "seconds_to_time(0) == '00:00:00'"],
    ),
    entry(
        "days_in_month",
        do="(compute|calculate|find|get) the (number of days|days) (in|of) a month; (count|return) the days (of|in) a month; find out how many days a month has; count how many days (a|the) month has",
        noun="(the|) (days|number of days) (in|of) a month; (month|days in month) (length|lengths|calculator); (the|) length of a month; days per month",
        code='''
def days_in_month(year, month):
    """Return the number of days of a month."""
    from calendar import monthrange
    return monthrange(year, month)[1]
''',
        checks=["days_in_month(2024, 2) == 29", "days_in_month(2023, 2) == 28", "days_in_month(2026, 4) == 30"],
    ),
    entry(
        "weekday",
        do="(compute|calculate|find|get) the (weekday|day of the week) (of a date|for a date|); (return|name) the (weekday|day of the week) of a (date|day); find out which (weekday|day of the week) a date is; (tell|show) on which (weekday|day of the week) a date falls",
        noun="(the|) (weekday|day of the week) (of|for) a date; (the|) day of the week; (a|) (weekday|day of the week) (finder|calculator); weekdays",
        code='''
def weekday(year, month, day):
    """Return the name of the day of the week."""
    from datetime import date
    names = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    return names[date(year, month, day).weekday()]
''',
        checks=["weekday(2000, 1, 1) == 'Saturday'", "weekday(2024, 2, 29) == 'Thursday'"],
    ),
    entry(
        "days_between",
        do="(compute|calculate|count|find|get) the (number of days|days) between two (dates|days); (count|return) the days from one date to another; (compute|find) the difference (of|between) two dates (in days|); find out how many days (lie between two dates|are between two dates)",
        noun="(the|) (days|number of days) between (two|) dates; (the|) difference (of|between) two dates; date (difference|differences); (counting|the count of) days between dates",
        code='''
def days_between(start, end):
    """Return the days between two dates written as YYYY-MM-DD."""
    from datetime import date
    return (date.fromisoformat(end) - date.fromisoformat(start)).days
''',
        checks=["days_between('2024-02-28', '2024-03-01') == 2", "days_between('2023-01-01', '2023-01-01') == 0"],
    ),
    entry(
        "kg_to_pounds",
        do="convert (kilograms|kg|kilos) to (pounds|lbs); turn (kilograms|kg|kilos) into (pounds|lbs); (change|transform) (kilograms|kg|a weight in kg) (to|into) (pounds|lbs); (compute|get|calculate) pounds from (kilograms|kg)",
        noun="(kilograms|kg|kilos) to (pounds|lbs) (conversion|converter|); (converting|turning) (kilograms|kg) (to|into) pounds; (a|) kilogram to pound converter; weight in pounds",
        code='''
def kg_to_pounds(kg):
    """Convert kilograms to pounds."""
    return kg / 0.45359237
''',
        checks=["abs(kg_to_pounds(0.45359237) - 1) < 1e-6", "kg_to_pounds(0) == 0"],
    ),
    entry(
        "cm_to_inches",
        do="convert (centimeters|centimetres|cm) to (inches|inch); turn (centimeters|centimetres|cm) into inches; (change|transform) (centimeters|cm|a length in cm) (to|into) inches; (compute|get|calculate) inches from (centimeters|cm)",
        noun="(centimeters|centimetres|cm) to inches (conversion|converter|); (converting|turning) (centimeters|cm) (to|into) inches; (a|) centimeter to inch converter; length in inches",
        code='''
def cm_to_inches(cm):
    """Convert centimetres to inches."""
    return cm / 2.54
''',
        checks=["abs(cm_to_inches(2.54) - 1) < 1e-9", "cm_to_inches(0) == 0"],
    ),
    entry(
        "from_roman",
        do="convert (roman numerals|a roman numeral|roman) (to|into) (a number|an integer|numbers|decimal); (read|parse|decode) (roman numerals|a roman numeral); (get|compute|find) the value of a roman numeral; turn (roman numerals|a roman numeral) into (a number|numbers|an integer)",
        noun="(roman numeral|roman numerals|roman) to (integer|number|decimal|int) (conversion|converter|); (reading|parsing|decoding) roman numerals; (the|) value of a roman numeral; (a|) roman numeral (parser|reader|decoder)",
        code='''
def from_roman(numeral):
    """Return the value of a Roman numeral."""
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = 0
    for c, after in zip(numeral, numeral[1:] + "I"):
        total += -values[c] if values[c] < values[after] else values[c]
    return total
''',
        checks=["from_roman('MCMXCIV') == 1994", "from_roman('IV') == 4", "from_roman('MMXXVI') == 2026", "from_roman('II') == 2"],
    ),
    entry(
        "sphere_volume",
        do="(compute|calculate|find|get) the volume of a (sphere|ball); (return|work out) the volume of a (sphere|ball); (measure|compute) how much a sphere holds; (calculate|find) a sphere's volume",
        noun="(the|) volume of a (sphere|ball); (the|a) sphere volume; (computing|calculating) the volume of a sphere; (the|a) sphere's volume",
        code='''
def sphere_volume(radius):
    """Return the volume of a sphere."""
    from math import pi
    return 4 / 3 * pi * radius ** 3
''',
        checks=["abs(sphere_volume(1) - 4.18879) < 1e-4", "sphere_volume(0) == 0"],
    ),
    entry(
        "circumference",
        do="(compute|calculate|find|get) the (circumference|perimeter) of a circle; (return|work out) the circumference (of a circle|); (measure|compute) the (length around|way around) a circle; (calculate|find) a circle's (circumference|perimeter)",
        noun="(the|) (circumference|perimeter) of a circle; (the|a) circle's (circumference|perimeter); (computing|calculating) the circumference; (a|the) circle circumference (calculator|)",
        code='''
def circumference(radius):
    """Return the circumference of a circle."""
    from math import pi
    return 2 * pi * radius
''',
        checks=["abs(circumference(1) - 6.283185) < 1e-5", "circumference(0) == 0"],
    ),
    entry(
        "discount",
        do="(compute|calculate|find|get) (a|the) (discount|discounted price|price after a discount|sale price); apply a discount (to a price|in percent|); (reduce|lower) a price by (a percentage|a discount|some percent); (take|subtract) a percentage off a price",
        noun="(a|the|) discount (of a price|calculator|calculation|); (a|the) (discounted|reduced|sale) price; (computing|applying) a discount; (the|) price after (a|the) discount",
        code='''
def discount(price, percent):
    """Return the price after a discount in percent."""
    return price * (100 - percent) / 100
''',
        checks=["discount(200, 25) == 150", "discount(80, 0) == 80"],
    ),
]
