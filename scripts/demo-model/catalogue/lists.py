"""Lists and dictionaries."""

from catalogue import entry

FUNCTIONS = [
    entry(
        "sum_list",
        do="(sum|add up|total) (a list|the elements of a list|a list of numbers|all numbers in a list); (compute|find|get) the (sum|total) of a list (of numbers|); (return|calculate) the (sum|total) of (all numbers|the numbers|the elements) in a list; add (all|the) numbers (in|of) a list (together|)",
        noun="(the|) sum of a list (of numbers|); list (sum|total); the total of a list; summing (a list|lists|a list of numbers); adding up a list (of numbers|)",
        code='''
def sum_list(numbers):
    """Return the sum of a list of numbers."""
    total = 0
    for number in numbers:
        total += number
    return total
''',
        checks=["sum_list([1, 2, 3]) == 6", "sum_list([]) == 0"],
    ),
    entry(
        "product_list",
        do="multiply (all numbers in a list|the elements of a list|a list of numbers); (compute|find|get) the product of a list (of numbers|); multiply all (elements|items|values) of a list (together|); (return|calculate) the product of (all numbers|the elements|the numbers) in a list",
        noun="(the|) product of a list (of numbers|); list product; multiplying (a list|all numbers of a list|a list of numbers); (the|) product of all (numbers|elements) in a list; (a|the) list product",
        code='''
def product_list(numbers):
    """Return the product of a list of numbers."""
    product = 1
    for number in numbers:
        product *= number
    return product
''',
        checks=["product_list([2, 3, 4]) == 24", "product_list([]) == 1"],
    ),
    entry(
        "average",
        do="(compute|calculate|find|get) the (average|mean) of (a list|numbers|a list of numbers); average (numbers|a list); (return|work out) the (average|mean) (of some numbers|of all numbers in a list|value); take the (mean|average) of a list",
        noun="(the|) (mean|average) of a list (of numbers|); (the|) (arithmetic|) mean; averages; (an|) average (calculator|calculation); (the|) average",
        code='''
def average(numbers):
    """Return the mean of a list of numbers."""
    return sum(numbers) / len(numbers)
''',
        checks=["average([1, 2, 3, 4]) == 2.5", "average([5]) == 5"],
    ),
    entry(
        "median",
        do="(compute|calculate|find|get) the median (of a list|of numbers|of a list of numbers|); (return|work out) the (median|middle value) of (a list|some numbers); find the middle (value|number) of (a list|a list of numbers|some numbers); take the median of a list",
        noun="(the|) median of a list (of numbers|); the median; medians; (the|) middle (value|number) of a list; (a|) median (calculator|calculation)",
        code='''
def median(numbers):
    """Return the middle value of a list of numbers."""
    ordered = sorted(numbers)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
''',
        checks=["median([3, 1, 2]) == 2", "median([4, 1, 2, 3]) == 2.5"],
    ),
    entry(
        "most_common",
        do="(find|get|compute) the most (common|frequent) (element|item|value) (of a list|in a list|); (find|compute) the mode of a list; (return|pick|work out) the (item|element|value) that (occurs|appears) most (often|); compute the (mode|statistical mode) of (some values|a list|numbers)",
        noun="(the|) mode of a list; (the|) most (common|frequent) (element|item|value); the mode; (the|) (item|element) that occurs most often; (statistical|list) mode",
        code='''
def most_common(items):
    """Return the most frequent item."""
    return max(items, key=items.count)
''',
        checks=["most_common([1, 2, 2, 3]) == 2", "most_common(['a']) == 'a'"],
    ),
    entry(
        "find_max",
        do="(find|get|return) the (maximum|max|largest number|largest element|biggest number) (of a list|in a list|); (return|pick|print) the (greatest|highest|biggest|largest) (number|value|element) (of|in) a list; (compute|take) the (maximum|max) of a list; (search|look) for the (maximum|largest number)",
        noun="(the|) (maximum|max|largest number|biggest number) (of|in) a list; (the|) maximum; list maximum; max; (the|) (greatest|highest) (number|value|element) (of|in) a list; (finding|getting) the maximum",
        code='''
def find_max(numbers):
    """Return the largest number of a list."""
    largest = numbers[0]
    for number in numbers:
        if number > largest:
            largest = number
    return largest
''',
        checks=["find_max([3, 9, 2]) == 9", "find_max([-5, -2]) == -2"],
    ),
    entry(
        "find_min",
        do="(find|get|return) the (minimum|min|smallest number|smallest element|lowest number) (of a list|in a list|); (return|pick|print) the (least|lowest|smallest) (number|value|element) (of|in) a list; (compute|take) the (minimum|min) of a list; (search|look) for the (minimum|smallest number)",
        noun="(the|) (minimum|min|smallest number|lowest number) (of|in) a list; (the|) minimum; list minimum; min; (the|) (least|lowest) (number|value|element) (of|in) a list; (finding|getting) the minimum",
        code='''
def find_min(numbers):
    """Return the smallest number of a list."""
    smallest = numbers[0]
    for number in numbers:
        if number < smallest:
            smallest = number
    return smallest
''',
        checks=["find_min([3, 9, 2]) == 2", "find_min([-5, -2]) == -5"],
    ),
    entry(
        "second_largest",
        do="(find|get|return) the second (largest|biggest|highest) (number|element|value) (of a list|in a list|); (pick|print|compute) the second (largest|biggest|highest) (of a list|number|value); (find|get) the (runner-up|second maximum) of a list; (search|look) for the second (largest|biggest) number",
        noun="(the|) second (largest|biggest|highest) (number|element|value); second maximum; (the|) runner-up of a list; finding the second (largest|biggest) (number|element); (the|) second (largest|biggest|highest) (of|in) a list",
        code='''
def second_largest(numbers):
    """Return the second largest number of a list."""
    return sorted(set(numbers))[-2]
''',
        checks=["second_largest([3, 9, 2]) == 3", "second_largest([5, 5, 4]) == 4"],
    ),
    entry(
        "reverse_list",
        do="(reverse|flip) (a|the) list; reverse the (order|elements) of a list; reverse lists; (return|write|print) a list backwards; turn (a|the) list around",
        noun="list reversal; reversing (a list|lists); (a|the) list backwards; (array|list) reversing; (a|) reversed list",
        code='''
def reverse_list(items):
    """Return the items in reverse order."""
    return items[::-1]
''',
        checks=["reverse_list([1, 2, 3]) == [3, 2, 1]", "reverse_list([]) == []"],
    ),
    entry(
        "remove_duplicates",
        do="(remove|delete|drop) (duplicates|all duplicates|duplicate elements|duplicate items) (from a list|); (get|find) the unique (elements|items|values) of a list; deduplicate a list; (keep|return|leave) only (unique|distinct) (items|elements|values) (of a list|); (filter|take) (the|all|) duplicates out of a list",
        noun="duplicate removal; removing duplicates; (list|) deduplication; unique (elements|items|values); (a|) list without (duplicates|repeats); (distinct|deduplicated) (items|elements|values)",
        code='''
def remove_duplicates(items):
    """Return the items without repeats, in order."""
    return list(dict.fromkeys(items))
''',
        checks=["remove_duplicates([1, 2, 1, 3, 2]) == [1, 2, 3]", "remove_duplicates([]) == []"],
    ),
    entry(
        "has_duplicates",
        do="(check|test|tell) (if|whether) a list (has|contains) duplicates; (detect|find) duplicates (in a list|); check (for duplicates|a list for duplicates); (see|find out|decide) (if|whether) (an item|an element|something) occurs (twice|more than once) in a list; check (if|whether) all (items|elements) (of a list|) are (unique|different)",
        noun="duplicate (check|detection); checking for duplicates; detecting duplicates; (a|) (duplicate|duplicates) (checker|test|detector); (a|) check for (duplicates|repeated items)",
        code='''
def has_duplicates(items):
    """Tell whether an item occurs more than once."""
    return len(set(items)) < len(items)
''',
        checks=["has_duplicates([1, 2, 1])", "not has_duplicates([1, 2])", "not has_duplicates([])"],
    ),
    entry(
        "flatten",
        do="flatten (a|the) (nested list|list of lists|list); flatten (nested lists|lists); turn a (nested list|list of lists) into a flat list; (make|return) a flat list (from|of) (nested lists|a list of lists); (unnest|unwrap) (a nested list|nested lists|a list of lists)",
        noun="flattening (a list|lists|a nested list|nested lists); list flattening; (a|) flat (list|version of a nested list); (a|) flattened (list|nested list); (nested list|list) unnesting",
        code='''
def flatten(items):
    """Return a nested list as a flat one."""
    flat = []
    for item in items:
        if isinstance(item, list):
            flat.extend(flatten(item))
        else:
            flat.append(item)
    return flat
''',
        checks=["flatten([1, [2, [3]], 4]) == [1, 2, 3, 4]", "flatten([]) == []"],
    ),
    entry(
        "chunk",
        do="(split|chunk|divide|cut) a list into (chunks|parts|pieces|groups) (of size n|of a given size|); chunk (a list|lists); (break|group|slice) a list (into|in) (chunks|parts|pieces|groups|batches) (of size n|of n|); (make|return) (chunks|batches) of a list",
        noun="chunking (a list|lists); list (chunks|chunking); splitting a list into (chunks|parts|pieces); (batches|chunks|pieces|parts) of a list; list (splitting|batching)",
        code='''
def chunk(items, size):
    """Split a list into parts of the given size."""
    return [items[i:i + size] for i in range(0, len(items), size)]
''',
        checks=["chunk([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]", "chunk([], 3) == []"],
    ),
    entry(
        "rotate_list",
        do="rotate (a|the) list (by n|by k|by n places|to the left|); rotate the (elements|items) of a list; (shift|move) the (elements|items) of a list (around|by n places|to the left); (move|put) the first (n |)items of a list (to|at) the end; rotate (an array|lists|the items)",
        noun="list rotation; rotating (a list|lists); (a|) rotated list; (shifting|rotating) the (elements|items) of a list; (array|left) rotation",
        code='''
def rotate_list(items, n):
    """Move the first n items to the end."""
    n %= len(items)
    return items[n:] + items[:n]
''',
        checks=["rotate_list([1, 2, 3, 4], 1) == [2, 3, 4, 1]", "rotate_list([1, 2], 2) == [1, 2]"],
    ),
    entry(
        "intersection",
        do="(find|get|compute) the intersection of two (lists|sets); (find|get) the common (elements|items) of two lists; find what two lists have in common; (return|list) the (items|elements) that are in both lists; intersect two (lists|sets)",
        noun="(list|set) intersection; (the|) intersection of two (lists|sets); common (elements|items) of two lists; (the|) (shared|common) (items|elements|values) (of two lists|); intersecting two (lists|sets)",
        code='''
def intersection(a, b):
    """Return the items that are in both lists."""
    return [item for item in a if item in b]
''',
        checks=["intersection([1, 2, 3], [2, 3, 4]) == [2, 3]", "intersection([1], [2]) == []"],
    ),
    entry(
        "union",
        do="(find|get|compute) the union of two (lists|sets); combine two (lists|sets) without duplicates; (unite|join) two (lists|sets) (without duplicates|without repeats); (return|list) the (items|elements) that are in either list; (make|build) the union of (two lists|two sets|lists)",
        noun="(list|set) union; (the|) union of two (lists|sets); (all|the) items of two lists (without duplicates|without repeats); uniting two (lists|sets); (the|a) union of (sets|lists)",
        code='''
def union(a, b):
    """Return the items of both lists without repeats."""
    return list(dict.fromkeys(a + b))
''',
        checks=["union([1, 2], [2, 3]) == [1, 2, 3]", "union([], [1]) == [1]"],
    ),
    entry(
        "transpose",
        do="transpose (a matrix|the matrix|matrices); swap the rows and columns of a matrix; (turn|make) (the|) rows (of a matrix|) into columns; (compute|find|get) the transpose of a matrix; (flip|mirror) a matrix (over its diagonal|along the diagonal)",
        noun="matrix transposition; transposing (a matrix|matrices); (the|) transpose of a matrix; matrix transpose; (a|the) transposed matrix; rows to columns; (swapping|exchanging) rows and columns",
        code='''
def transpose(matrix):
    """Swap the rows and columns of a matrix."""
    return [list(row) for row in zip(*matrix)]
''',
        checks=["transpose([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]", "transpose([[1, 2]]) == [[1], [2]]"],
    ),
    entry(
        "is_sorted",
        do="(check|test|tell|determine) (if|whether) a list is (sorted|in order|ordered); check for sorted lists; (see|find out|decide) (if|whether) (a list|an array) is (sorted|in ascending order|ordered); (check|verify) (that a list is sorted|the order of a list|that a list is in order)",
        noun="sorted (check|test); checking (if|whether) a list is sorted; sortedness; (a|) (sortedness|order) (check|test); (a|) check (for|of) (order|ascending order|sorted lists)",
        code='''
def is_sorted(items):
    """Tell whether the items are in ascending order."""
    return all(a <= b for a, b in zip(items, items[1:]))
''',
        checks=["is_sorted([1, 2, 2, 3])", "not is_sorted([2, 1])", "is_sorted([])"],
    ),
    entry(
        "sort_list",
        do="sort (a|the) (list|list of numbers) (in ascending order|); sort (numbers|lists); (order|sort) the (elements|items) of a list; (put|bring) (a list|numbers|the items) (in|into) (order|ascending order); (return|get) (a|the) sorted (list|copy of a list)",
        noun="list sorting; sorting; sort; sorting (a list|lists|numbers); a sorted list; (ascending|numeric) (sorting|order); (a|) list sorter",
        code='''
def sort_list(items):
    """Return the items in ascending order."""
    return sorted(items)
''',
        checks=["sort_list([3, 1, 2]) == [1, 2, 3]", "sort_list([]) == []"],
    ),
    entry(
        "two_sum",
        do="(find|get) two numbers (in a list|) that add up to a target; solve (the|) two sum (problem|); find a pair with a given sum; find the indexes of two numbers (with a given sum|that add up to a target); (search|look) for two numbers with a given sum",
        noun="two sum; the two sum problem; (a|) pair with a given sum; (the|a) two-sum (problem|solution|); two numbers (with a given sum|that add up to a target)",
        code='''
def two_sum(numbers, target):
    """Return the indexes of two numbers that add up to target."""
    seen = {}
    for index, number in enumerate(numbers):
        if target - number in seen:
            return seen[target - number], index
        seen[number] = index
    return None
''',
        checks=["tuple(two_sum([2, 7, 11], 9)) == (0, 1)", "two_sum([1, 2], 7) is None"],
    ),
    entry(
        "cumulative_sum",
        do="(compute|calculate|get|find) (the|) (cumulative sum|running total|running sum|prefix sums) (of a list|); (return|list) (the|all) (running totals|prefix sums|cumulative sums) (of a list|of numbers|); add up a list step by step; (build|make) a list of (running totals|prefix sums)",
        noun="cumulative sums; (the|) (running total|running sum) (of a list|); prefix sums; running totals; (the|a) (cumulative|running) sum (of a list|of numbers|)",
        code='''
def cumulative_sum(numbers):
    """Return the running totals of a list."""
    totals, total = [], 0
    for number in numbers:
        total += number
        totals.append(total)
    return totals
''',
        checks=["cumulative_sum([1, 2, 3]) == [1, 3, 6]", "cumulative_sum([]) == []"],
    ),
    entry(
        "invert_dict",
        do="(invert|reverse) a (dictionary|dict); swap the keys and values of a (dictionary|dict); (flip|turn around|swap) a (dictionary|dict); (map|turn) (the|) values (back|) to keys; (make|build) a (dictionary|dict) from values to keys",
        noun="(dictionary|dict) inversion; inverting (a dictionary|a dict|dictionaries); (an|) (inverted|inverse|reversed) (dictionary|dict|mapping); (swapping|exchanging) keys and values; (a|) value to key (dictionary|mapping)",
        code='''
def invert_dict(mapping):
    """Swap the keys and values of a dictionary."""
    return {value: key for key, value in mapping.items()}
''',
        checks=["invert_dict({'a': 1}) == {1: 'a'}", "invert_dict({}) == {}"],
    ),
    entry(
        "filter_even",
        do="(filter|find|get|select) (the|all|) even numbers (in|of|from) a list; (keep|return) only (the|) even numbers (of a list|in a list|); (remove|drop) (the|all|) odd numbers (from a list|); (pick|take) the even numbers out of a list",
        noun="(the|all|) even numbers (of|in|from) a list; filtering even numbers; even number (filter|filtering); (a|) list of (the|) even numbers",
        code='''
def filter_even(numbers):
    """Return the even numbers of a list."""
    return [number for number in numbers if number % 2 == 0]
''',
        checks=["filter_even([1, 2, 3, 4]) == [2, 4]", "filter_even([]) == []"],
    ),
    entry(
        "list_difference",
        do="(find|get|compute) the difference (of|between) two (lists|sets); find the (items|elements) of one list that are not in (another|the other); subtract (one list|a list) from another; (list|return) what is (only in the first list|in one list and not in another)",
        noun="(list|set) difference; (the|) difference (of|between) two (lists|sets); (items|elements) (missing from|not in) another list; subtracting (lists|one list from another)",
        code='''
def list_difference(a, b):
    """Return the items of a that are not in b."""
    return [item for item in a if item not in b]
''',
        checks=["list_difference([1, 2, 3], [2]) == [1, 3]", "list_difference([], [1]) == []"],
    ),
    entry(
        "sort_descending",
        do="sort (a list|numbers|lists) (in descending order|descending|from high to low|from largest to smallest); (order|arrange) (a list|numbers) (in descending order|from high to low); (put|bring) a list (in|into) descending order; sort a list (in reverse|in reverse order|backwards)",
        noun="(descending|reverse) (sort|sorting); sorting (a list|numbers) (in descending order|from high to low); (a|) descending (order|list); (a list|numbers) in descending order",
        code='''
def sort_descending(items):
    """Return the items in descending order."""
    return sorted(items, reverse=True)
''',
        checks=["sort_descending([1, 3, 2]) == [3, 2, 1]", "sort_descending([]) == []"],
    ),
    entry(
        "shuffle_list",
        do="shuffle (a|the) list (randomly|); (shuffle|randomize|mix) the (items|elements|order) of a list; (put|bring) a list (in|into) random order; shuffle (lists|an array|items)",
        noun="(list|array) (shuffling|shuffle); shuffling (a list|lists|items|an array); (a|) (shuffled|randomized) list; (a|) random order (of a list|)",
        code='''
def shuffle_list(items):
    """Return the items in random order."""
    from random import sample
    return sample(items, len(items))
''',
        checks=["sorted(shuffle_list([3, 1, 2])) == [1, 2, 3]", "shuffle_list([]) == []"],
    ),
    entry(
        "random_item",
        do="(pick|choose|select|get) a random (item|element) (of|from) a list; (choose|pick|draw) (something|one item|an element) from a list (at random|randomly); (return|take) a random (item|element|choice) (of a list|from a list|); make a random choice",
        noun="(a|) random (item|element) (of|from) a list; (a|) random choice (from a list|); (picking|choosing) a random (item|element); (a|) random (pick|list item)",
        code='''
def random_item(items):
    """Return a random item of a list."""
    from random import choice
    return choice(items)
''',
        checks=["random_item([7]) == 7", "all(random_item([1, 2]) in (1, 2) for _ in range(20))"],
    ),
    entry(
        "merge_dicts",
        do="(merge|combine|join) (two|2|) (dictionaries|dicts); (merge|add) one (dictionary|dict) into another; (make|build) one (dictionary|dict) (of|from) two; (unite|put together) two (dictionaries|dicts)",
        noun="(dictionary|dict) (merging|merge); (merging|combining|joining) (two|) (dictionaries|dicts); (a|) merged (dictionary|dict); (the|a) (merge|combination) of two (dictionaries|dicts)",
        code='''
def merge_dicts(a, b):
    """Return a dictionary with the entries of both; b wins."""
    return {**a, **b}
''',
        checks=["merge_dicts({'x': 1}, {'x': 2, 'y': 3}) == {'x': 2, 'y': 3}", "merge_dicts({}, {}) == {}"],
    ),
    entry(
        "sort_dict",
        do="sort (a|the) (dictionary|dict) by (value|values|its values); (order|arrange) a (dictionary|dict) by (value|its values); sort (the entries|the items) of a (dictionary|dict); sort (dictionaries|a dictionary|dicts)",
        noun="(dictionary|dict) sorting; sorting (a dictionary|a dict|dictionaries) (by value|); (a|) (sorted|ordered) (dictionary|dict); (a|) (dictionary|dict) sorted by value",
        code='''
def sort_dict(mapping):
    """Return a dictionary sorted by its values."""
    return dict(sorted(mapping.items(), key=lambda pair: pair[1]))
''',
        checks=["list(sort_dict({'a': 3, 'b': 1}).items()) == [('b', 1), ('a', 3)]", "sort_dict({}) == {}"],
    ),
    entry(
        "move_zeros",
        do="move (all|the|) (zeros|zeroes) to the end (of a list|of an array|); (push|put|shift) (all|the|) (zeros|zeroes) (to|at) the end; (bring|order) a list so that (zeros|zeroes) come last; (collect|gather) the (zeros|zeroes) at the end of a list",
        noun="moving (zeros|zeroes) (to the end|); (zeros|zeroes) (at|to) the end (of a list|); (the|) move zeroes problem; (a list|numbers) with the zeros last",
        code='''
def move_zeros(numbers):
    """Return the numbers with all zeros at the end."""
    return sorted(numbers, key=lambda number: number == 0)
''',
        checks=["move_zeros([0, 1, 0, 3]) == [1, 3, 0, 0]", "move_zeros([]) == []"],
    ),
    entry(
        "standard_deviation",
        do="(compute|calculate|find|get) (the|a) standard deviation (of a list|of numbers|of a list of numbers|); (return|work out) the standard deviation; measure (the|) (spread|deviation) of (numbers|a list of numbers); compute the (stddev|std dev|population standard deviation) (of a list|)",
        noun="(the|a|) standard deviation (of a list|of numbers|); (stddev|std dev|std); (the|) (spread|deviation) of a list of numbers; (a|) standard deviation (calculator|calculation)",
        code='''
def standard_deviation(numbers):
    """Return the standard deviation of all numbers."""
    mean = sum(numbers) / len(numbers)
    return (sum((x - mean) ** 2 for x in numbers) / len(numbers)) ** 0.5
''',
        checks=["standard_deviation([2, 4, 4, 4, 5, 5, 7, 9]) == 2", "standard_deviation([3]) == 0"],
    ),
    entry(
        "dot_product",
        do="(compute|calculate|find|get) the (dot product|scalar product|inner product) (of two vectors|of two lists|); (return|work out) the (dot|scalar) product; multiply two vectors (element by element and sum|to a number); take the (dot|scalar|inner) product of two (vectors|lists)",
        noun="(the|a|) (dot product|scalar product|inner product) (of two vectors|of two lists|); (dot|scalar) products; (computing|calculating) (the|a) dot product; (vector|list) dot product",
        code='''
def dot_product(a, b):
    """Return the dot product of two vectors."""
    return sum(x * y for x, y in zip(a, b))
''',
        checks=["dot_product([1, 2, 3], [4, 5, 6]) == 32", "dot_product([], []) == 0"],
    ),
]
