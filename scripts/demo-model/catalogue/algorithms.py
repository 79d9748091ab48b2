"""Classic algorithms: one function each, its last line a comment on the complexity."""

from catalogue import entry

ALGORITHMS = [
    entry(
        "binary_search",
        do="(do|implement|perform) (a|) binary search; search a sorted (list|array) (quickly|by halves|in logarithmic time); find (an item|an element|a value) in a sorted (list|array); (locate|look up) a value in a sorted (list|array)",
        noun="binary search; (a|the) binary search algorithm; searching a sorted (list|array); binary search (in|on) a sorted (list|array); (bisection search|half-interval search)",
        code='''
def binary_search(items, target):
    """Return the index of target in a sorted list, or -1."""
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1
# Complexity: O(log n) time, O(1) space.
''',
        checks=["binary_search([1, 3, 5, 7], 5) == 2", "binary_search([1, 3], 2) == -1", "binary_search([], 1) == -1"],
    ),
    entry(
        "linear_search",
        do="(do|implement|perform) (a|) (linear|sequential) search; search (a list|an array) (linearly|one by one|item by item); search an unsorted (list|array); look at every (item|element) until the target is found",
        noun="linear search; sequential search; (a|the) (linear|sequential) search algorithm; searching an unsorted (list|array); linear search (in|through) (a list|an array)",
        code='''
def linear_search(items, target):
    """Return the index of target, or -1."""
    for index, item in enumerate(items):
        if item == target:
            return index
    return -1
# Complexity: O(n) time, O(1) space.
''',
        checks=["linear_search([4, 2, 9], 9) == 2", "linear_search([4, 2], 5) == -1"],
    ),
    entry(
        "bubble_sort",
        do="(do|implement|perform|run) (a|) (bubble sort|bubblesort); sort (a list|an array|numbers) (with|using|by) (bubble sort|bubblesort); order (a list|numbers) (using|with) bubble sort; sort by swapping (neighbours|neighbors|adjacent elements)",
        noun="(bubble sort|bubblesort); (a|the) bubble sort (algorithm|); (sorting by|) bubble sort; bubble sorting; bubble sort of (a list|an array)",
        code='''
def bubble_sort(items):
    """Return the items sorted by bubble sort."""
    items = list(items)
    for end in range(len(items) - 1, 0, -1):
        for i in range(end):
            if items[i] > items[i + 1]:
                items[i], items[i + 1] = items[i + 1], items[i]
    return items
# Complexity: O(n^2) time, O(n) space for the copy.
''',
        checks=["bubble_sort([3, 1, 2]) == [1, 2, 3]", "bubble_sort([]) == []", "bubble_sort([2, 2, 1]) == [1, 2, 2]"],
    ),
]
