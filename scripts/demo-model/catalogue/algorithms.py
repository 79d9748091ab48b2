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
    entry(
        "selection_sort",
        do="(do|implement|perform|run) (a|) selection sort; sort (a list|an array|numbers) (with|using|by) selection sort; order (a list|numbers) (using|with) selection sort; sort by (picking|selecting|taking) the smallest (item|element) each time",
        noun="selection sort; (a|the) selection sort (algorithm|); (sorting by|the|) selection sort; selection sort of (a list|an array); selectionsort; selection sorting",
        code='''
def selection_sort(items):
    """Return the items sorted by selection sort."""
    items = list(items)
    for i in range(len(items)):
        smallest = min(range(i, len(items)), key=items.__getitem__)
        items[i], items[smallest] = items[smallest], items[i]
    return items
# Complexity: O(n^2) time, O(n) space for the copy.
''',
        checks=[
            "selection_sort([3, 1, 2]) == [1, 2, 3]",
            "selection_sort([]) == []",
            "selection_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "insertion_sort",
        do="(do|implement|perform|run) (an|) insertion sort; sort (a list|an array|numbers) (with|using|by) insertion sort; order (a list|numbers) (using|with) insertion sort; sort by inserting each (item|element) (in|at) its place",
        noun="insertion sort; (an|the) insertion sort (algorithm|); (sorting by|the|) insertion sort; insertion sort of (a list|an array); insertionsort; insertion sorting",
        code='''
def insertion_sort(items):
    """Return the items sorted by insertion sort."""
    items = list(items)
    for i in range(1, len(items)):
        item = items[i]
        while i > 0 and items[i - 1] > item:
            items[i] = items[i - 1]
            i -= 1
        items[i] = item
    return items
# Complexity: O(n^2) time, O(n) space for the copy.
''',
        checks=[
            "insertion_sort([3, 1, 2]) == [1, 2, 3]",
            "insertion_sort([]) == []",
            "insertion_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "merge_sort",
        do="(do|implement|perform|run) (a|) (merge sort|mergesort); sort (a list|an array|numbers) (with|using|by) (merge sort|mergesort); order (a list|numbers) (using|with) (merge sort|mergesort); sort by merging (sorted halves|halves)",
        noun="(merge sort|mergesort); (a|the) (merge sort|mergesort) (algorithm|); (sorting by|the|) (merge sort|mergesort); (merge sort|mergesort) of (a list|an array); merge sorting; divide and conquer sorting",
        code='''
def merge_sort(items):
    """Return the items sorted by merge sort."""
    if len(items) < 2:
        return items
    middle = len(items) // 2
    left, right = merge_sort(items[:middle]), merge_sort(items[middle:])
    merged, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]
# Complexity: O(n log n) time, O(n) space.
''',
        checks=[
            "merge_sort([3, 1, 2]) == [1, 2, 3]",
            "merge_sort([]) == []",
            "merge_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "quick_sort",
        do="(do|implement|perform|run) (a|) (quick sort|quicksort); sort (a list|an array|numbers) (with|using|by) (quick sort|quicksort); order (a list|numbers) (using|with) (quick sort|quicksort); sort (by partitioning|around a pivot|with a pivot)",
        noun="(quick sort|quicksort); (a|the) (quick sort|quicksort) (algorithm|); (sorting by|the|) (quick sort|quicksort); (quick sort|quicksort) of (a list|an array); hoare's (quick sort|quicksort); partition sort",
        code='''
def quick_sort(items):
    """Return the items sorted by quicksort."""
    if len(items) < 2:
        return items
    pivot, rest = items[0], items[1:]
    low = [x for x in rest if x < pivot]
    high = [x for x in rest if x >= pivot]
    return quick_sort(low) + [pivot] + quick_sort(high)
# Complexity: O(n log n) time and O(n) space on average, O(n^2) at worst.
''',
        checks=[
            "quick_sort([3, 1, 2]) == [1, 2, 3]",
            "quick_sort([]) == []",
            "quick_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "heap_sort",
        do="(do|implement|perform|run) (a|) (heap sort|heapsort); sort (a list|an array|numbers) (with|using|by) (heap sort|heapsort); order (a list|numbers) (using|with) (heap sort|heapsort); sort with a (heap|binary heap|max heap)",
        noun="(heap sort|heapsort); (a|the) (heap sort|heapsort) (algorithm|); (sorting by|the|) (heap sort|heapsort); (heap sort|heapsort) of (a list|an array); heap sorting; sorting with a heap",
        code='''
def heap_sort(items):
    """Return the items sorted by heap sort."""
    items = list(items)

    def sift_down(root, size):
        while (child := 2 * root + 1) < size:
            if child + 1 < size and items[child] < items[child + 1]:
                child += 1
            if items[root] >= items[child]:
                break
            items[root], items[child] = items[child], items[root]
            root = child

    for root in reversed(range(len(items) // 2)):
        sift_down(root, len(items))
    for end in reversed(range(1, len(items))):
        items[0], items[end] = items[end], items[0]
        sift_down(0, end)
    return items
# Complexity: O(n log n) time, O(n) space for the copy.
''',
        checks=[
            "heap_sort([3, 1, 2]) == [1, 2, 3]",
            "heap_sort([]) == []",
            "heap_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
            "heap_sort([9, 8, 7, 1, 2, 3, 6, 5, 4]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]",
        ],
    ),
    entry(
        "counting_sort",
        do="(do|implement|perform|run) (a|) counting sort; sort (a list|an array|numbers) (with|using|by) counting sort; order (a list|numbers) (using|with) counting sort; sort (small integers|integers) by counting",
        noun="counting sort; (a|the) counting sort (algorithm|); (sorting by|the|) counting sort; counting sort of (a list|an array); counting sorting; count sort",
        code='''
def counting_sort(numbers):
    """Return non-negative integers sorted by counting them."""
    counts = [0] * (max(numbers, default=0) + 1)
    for number in numbers:
        counts[number] += 1
    return [number for number, count in enumerate(counts) for _ in range(count)]
# Complexity: O(n + k) time, O(n + k) space for numbers up to k.
''',
        checks=[
            "counting_sort([3, 1, 2]) == [1, 2, 3]",
            "counting_sort([]) == []",
            "counting_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "radix_sort",
        do="(do|implement|perform|run) (a|) radix sort; sort (a list|an array|numbers) (with|using|by) radix sort; order (a list|numbers) (using|with) radix sort; sort (integers|numbers) digit by digit",
        noun="radix sort; (a|the) radix sort (algorithm|); (sorting by|the|) radix sort; radix sort of (a list|an array); radix sorting; digit by digit sorting",
        code='''
def radix_sort(numbers):
    """Return non-negative integers sorted digit by digit."""
    numbers, place = list(numbers), 1
    while numbers and place <= max(numbers):
        buckets = [[] for _ in range(10)]
        for number in numbers:
            buckets[number // place % 10].append(number)
        numbers = [number for bucket in buckets for number in bucket]
        place *= 10
    return numbers
# Complexity: O(d * n) time, O(n) space for numbers of d digits.
''',
        checks=[
            "radix_sort([3, 1, 2]) == [1, 2, 3]",
            "radix_sort([]) == []",
            "radix_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
            "radix_sort([170, 45, 75, 802, 2, 100]) == [2, 45, 75, 100, 170, 802]",
        ],
    ),
    entry(
        "shell_sort",
        do="(do|implement|perform|run) (a|) (shell sort|shellsort); sort (a list|an array|numbers) (with|using|by) (shell sort|shellsort); order (a list|numbers) (using|with) (shell sort|shellsort); sort with (shrinking|decreasing) gaps",
        noun="(shell sort|shellsort); (a|the) (shell sort|shellsort) (algorithm|); (sorting by|the|) (shell sort|shellsort); (shell sort|shellsort) of (a list|an array); shell sorting; shell's (sort|method)",
        code='''
def shell_sort(items):
    """Return the items sorted by Shell sort."""
    items = list(items)
    gap = len(items) // 2
    while gap:
        for i in range(gap, len(items)):
            item = items[i]
            while i >= gap and items[i - gap] > item:
                items[i] = items[i - gap]
                i -= gap
            items[i] = item
        gap //= 2
    return items
# Complexity: O(n^2) time at worst, O(n) space for the copy.
''',
        checks=[
            "shell_sort([3, 1, 2]) == [1, 2, 3]",
            "shell_sort([]) == []",
            "shell_sort([2, 30, 2, 1]) == [1, 2, 2, 30]",
        ],
    ),
    entry(
        "quickselect",
        do="(do|implement|perform|run) (quickselect|quick select); (find|select|get) the (kth|k-th) smallest (element|item|number); find the (kth|k-th) smallest (element|number) (with|using) (quickselect|quick select); select the (kth|k-th) order statistic",
        noun="(quickselect|quick select); (the|) (quickselect|quick select) algorithm; (the|) (kth|k-th) smallest (element|item|number); (the|) (kth|k-th) order statistic; (hoare's selection|selection) algorithm",
        code='''
def quickselect(items, k):
    """Return the k-th smallest item, counting from 0."""
    pivot = items[len(items) // 2]
    low = [x for x in items if x < pivot]
    high = [x for x in items if x > pivot]
    if k < len(low):
        return quickselect(low, k)
    if k >= len(items) - len(high):
        return quickselect(high, k - len(items) + len(high))
    return pivot
# Complexity: O(n) time and space on average, O(n^2) at worst.
''',
        checks=["quickselect([5, 1, 4], 0) == 1", "quickselect([5, 1, 4], 1) == 4", "quickselect([2, 2, 7, 1], 3) == 7"],
    ),
    entry(
        "breadth_first_search",
        do="(do|implement|perform|run) (a|) (breadth first search|breadth-first search|bfs); (search|traverse|walk|explore) a graph (breadth first|breadth-first|in breadth-first order|level by level); (visit|list) the nodes of a graph (breadth first|level by level); (traverse|search) a graph with (a queue|bfs)",
        noun="(breadth first search|breadth-first search|bfs); (a|the) (breadth first search|breadth-first search|bfs) algorithm; (breadth first|breadth-first|bfs) (traversal|graph traversal); (bfs|breadth first search) (of|on|in) a graph; level order search of a graph",
        code='''
def breadth_first_search(graph, start):
    """Return the nodes of a graph in breadth-first order."""
    from collections import deque
    order, seen, queue = [], {start}, deque([start])
    while queue:
        node = queue.popleft()
        order.append(node)
        for neighbor in graph[node]:
            if neighbor not in seen:
                seen.add(neighbor)
                queue.append(neighbor)
    return order
# Complexity: O(V + E) time, O(V) space.
''',
        checks=[
            "breadth_first_search({1: [2, 3], 2: [4], 3: [4], 4: [1]}, 1) == [1, 2, 3, 4]",
            "breadth_first_search({1: [], 2: []}, 1) == [1]",
        ],
    ),
    entry(
        "depth_first_search",
        do="(do|implement|perform|run) (a|) (depth first search|depth-first search|dfs); (search|traverse|walk|explore) a graph (depth first|depth-first|in depth-first order|as deep as possible); (visit|list) the nodes of a graph depth first; (traverse|search) a graph with (a stack|dfs)",
        noun="(depth first search|depth-first search|dfs); (a|the) (depth first search|depth-first search|dfs) algorithm; (depth first|depth-first|dfs) (traversal|graph traversal); (dfs|depth first search) (of|on|in) a graph",
        code='''
def depth_first_search(graph, start):
    """Return the nodes of a graph in depth-first order."""
    order, seen, stack = [], set(), [start]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack.extend(reversed(graph[node]))
    return order
# Complexity: O(V + E) time, O(V + E) space.
''',
        checks=[
            "depth_first_search({1: [2, 3], 2: [4], 3: [4], 4: [1]}, 1) == [1, 2, 4, 3]",
            "depth_first_search({1: [], 2: []}, 1) == [1]",
        ],
    ),
    entry(
        "dijkstra",
        do="(implement|run|perform|do) (dijkstra|dijkstra's algorithm|the dijkstra algorithm|dijkstra's shortest path algorithm); (find|compute) (the|) shortest paths (in|of) a weighted graph; (find|compute) (the|) shortest (paths|distances) (with|using) dijkstra; compute (the|) (distances|shortest distances) from one node (in a weighted graph|to all others)",
        noun="dijkstra; (dijkstra's|dijkstras|the dijkstra) (algorithm|shortest path algorithm|shortest paths); shortest (paths|path|distances) in a weighted graph; dijkstra (shortest path|shortest paths|search); (single source|single-source) shortest paths",
        code='''
def dijkstra(graph, start):
    """Return the shortest distances from start in a weighted graph."""
    from heapq import heappop, heappush
    distances, heap = {}, [(0, start)]
    while heap:
        distance, node = heappop(heap)
        if node not in distances:
            distances[node] = distance
            for neighbor, weight in graph[node].items():
                heappush(heap, (distance + weight, neighbor))
    return distances
# Complexity: O((V + E) log V) time, O(V + E) space.
''',
        checks=[
            "dijkstra({'a': {'b': 4, 'c': 1}, 'b': {}, 'c': {'b': 2}}, 'a') == {'a': 0, 'c': 1, 'b': 3}",
            "dijkstra({1: {}}, 1) == {1: 0}",
        ],
    ),
    entry(
        "bellman_ford",
        do="(implement|run|perform|do) (bellman-ford|bellman ford|the bellman-ford algorithm|the bellman ford algorithm); (find|compute) (the|) shortest paths with negative (weights|edges); (find|compute) (the|) shortest paths (with|using) (bellman-ford|bellman ford); detect (a negative cycle|negative cycles) (in a graph|)",
        noun="(bellman-ford|bellman ford); (the|) (bellman-ford|bellman ford) (algorithm|shortest paths); shortest paths with negative (weights|edges); negative cycle detection",
        code='''
def bellman_ford(edges, nodes, start):
    """Return the shortest distances from start; weights may be negative."""
    distances = dict.fromkeys(nodes, float("inf"))
    distances[start] = 0
    for _ in range(len(distances) - 1):
        for a, b, weight in edges:
            distances[b] = min(distances[b], distances[a] + weight)
    if any(distances[a] + weight < distances[b] for a, b, weight in edges):
        raise ValueError("the graph has a negative cycle")
    return distances
# Complexity: O(V * E) time, O(V) space.
''',
        checks=[
            "bellman_ford([(1, 2, 4), (1, 3, 5), (3, 2, -3)], [1, 2, 3], 1) == {1: 0, 2: 2, 3: 5}",
            "fails(bellman_ford, [(1, 2, -1), (2, 1, -1)], [1, 2], 1)",
        ],
    ),
    entry(
        "floyd_warshall",
        do="(implement|run|perform|do) (floyd-warshall|floyd warshall|the floyd-warshall algorithm|the floyd warshall algorithm); (find|compute) (the|) shortest (paths|distances) between all (pairs|pairs of nodes|nodes); (find|compute|solve) (all pairs|all-pairs) shortest paths; compute all shortest paths (with|using) (floyd-warshall|floyd warshall)",
        noun="(floyd-warshall|floyd warshall); (the|) (floyd-warshall|floyd warshall) (algorithm|shortest paths); (all pairs|all-pairs) shortest paths; shortest paths between all (pairs|nodes); floyd's algorithm",
        code='''
def floyd_warshall(weights):
    """Return the shortest distances between all pairs of nodes."""
    distances = [list(row) for row in weights]
    nodes = range(len(distances))
    for k in nodes:
        for i in nodes:
            for j in nodes:
                through = distances[i][k] + distances[k][j]
                distances[i][j] = min(distances[i][j], through)
    return distances
# Complexity: O(V^3) time, O(V^2) space.
''',
        checks=[
            "floyd_warshall([[0, 5, 1], [5, 0, 9], [9, 2, 0]]) == [[0, 3, 1], [5, 0, 6], [7, 2, 0]]",
            "floyd_warshall([[0]]) == [[0]]",
        ],
    ),
    entry(
        "kruskal",
        do="(implement|run|perform|do) (kruskal|kruskal's algorithm|the kruskal algorithm); (find|compute|get) (a|the) minimum spanning tree (with|using) (kruskal|kruskal's algorithm|union find|union-find); (find|build) a minimum spanning tree from sorted edges; compute (a|the) spanning tree with (kruskal|union find)",
        noun="kruskal; (kruskal's|kruskals|the kruskal) (algorithm|minimum spanning tree|spanning tree); (a|the|) minimum spanning tree (with|using) (kruskal|union find|union-find); kruskal (mst|spanning tree)",
        code='''
def kruskal(edges):
    """Return a minimum spanning tree of edges (weight, a, b)."""
    parent = {node: node for _, a, b in edges for node in (a, b)}

    def find(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    tree = []
    for weight, a, b in sorted(edges):
        if find(a) != find(b):
            parent[find(a)] = find(b)
            tree.append((weight, a, b))
    return tree
# Complexity: O(E log E) time, O(V + E) space.
''',
        checks=[
            "[tuple(e) for e in kruskal([(3, 'a', 'c'), (1, 'a', 'b'), (2, 'b', 'c')])] == [(1, 'a', 'b'), (2, 'b', 'c')]",
            "kruskal([]) == []",
        ],
    ),
    entry(
        "prim",
        do="(implement|run|perform|do) (prim|prim's algorithm|the prim algorithm); (find|compute|get) (a|the) minimum spanning tree (with|using) (prim|prim's algorithm|a heap); grow (a|the) (minimum|) spanning tree from (a|one) node; find (a|the) minimum spanning tree from a start node",
        noun="prim; (prim's|prims|the prim) (algorithm|minimum spanning tree|spanning tree); (a|the|) minimum spanning tree (with|using) prim; prim (mst|spanning tree); the jarnik algorithm",
        code='''
def prim(graph, start):
    """Return a minimum spanning tree as edges (weight, a, b)."""
    from heapq import heappop, heappush
    tree, seen, heap = [], set(), [(0, start, start)]
    while heap:
        weight, a, b = heappop(heap)
        if b not in seen:
            seen.add(b)
            tree.append((weight, a, b))
            for neighbor, cost in graph[b].items():
                heappush(heap, (cost, b, neighbor))
    return tree[1:]
# Complexity: O(E log V) time, O(V + E) space.
''',
        checks=[
            "prim({1: {2: 1, 3: 3}, 2: {1: 1, 3: 2}, 3: {1: 3, 2: 2}}, 1) == [(1, 1, 2), (2, 2, 3)]",
            "prim({1: {}}, 1) == []",
        ],
    ),
    entry(
        "topological_sort",
        do="(do|implement|perform|run) (a|) (topological sort|toposort|topological sorting); sort (a graph|a dag|tasks|the nodes of a graph) topologically; (order|sort) tasks by (their|) dependencies; (find|get|compute) a topological (order|ordering) (of a graph|of a dag|)",
        noun="(topological sort|toposort|topological sorting); (a|the) topological sort (algorithm|of a graph); (a|) topological (order|ordering) (of a graph|of a dag|); kahn's algorithm; dependency (order|sorting)",
        code='''
def topological_sort(graph):
    """Return the nodes so that every edge points forward."""
    incoming = dict.fromkeys(graph, 0)
    for neighbors in graph.values():
        for node in neighbors:
            incoming[node] += 1
    order = [node for node in graph if incoming[node] == 0]
    for node in order:
        for neighbor in graph[node]:
            incoming[neighbor] -= 1
            if incoming[neighbor] == 0:
                order.append(neighbor)
    if len(order) < len(graph):
        raise ValueError("the graph has a cycle")
    return order
# Complexity: O(V + E) time, O(V) space.
''',
        checks=[
            "topological_sort({'c': [], 'b': ['c'], 'a': ['b']}) == ['a', 'b', 'c']",
            "fails(topological_sort, {1: [2], 2: [1]})",
        ],
    ),
    entry(
        "has_cycle",
        do="(detect|find) (a cycle|cycles) in a (directed graph|graph|digraph); (check|test|tell) (if|whether) a (directed|) graph (has a cycle|contains a cycle|is cyclic); (check|test) a (directed|) graph for cycles; do cycle detection (in a graph|)",
        noun="cycle detection (in a graph|in a directed graph|); graph cycle (check|detection); (detecting|finding) cycles (in a graph|in a directed graph|); (cycles|a cycle) in a (directed|) graph; a cyclic graph check",
        code='''
def has_cycle(graph):
    """Tell whether a directed graph has a cycle."""
    active, done = set(), set()

    def visit(node):
        if node in done or node in active:
            return node in active
        active.add(node)
        found = any(visit(neighbor) for neighbor in graph[node])
        active.remove(node)
        done.add(node)
        return found

    return any(visit(node) for node in graph)
# Complexity: O(V + E) time, O(V) space.
''',
        checks=[
            "has_cycle({1: [2], 2: [3], 3: [1]})",
            "not has_cycle({1: [2, 3], 2: [3], 3: []})",
            "has_cycle({1: [1]})",
        ],
    ),
    entry(
        "connected_components",
        do="(find|get|list|compute) (the|all|) connected components (of a graph|of an undirected graph|); (split|group) (a graph|the nodes of a graph) into connected (components|parts); (find|list) the connected parts of a graph; label (the|) connected components",
        noun="(the|) connected components (of a graph|of an undirected graph|); (finding|graph) connected components; connected parts of a graph; component (search|labelling) in a graph",
        code='''
def connected_components(graph):
    """Return the connected components of an undirected graph."""
    components, seen = [], set()
    for start in graph:
        if start not in seen:
            seen.add(start)
            component = [start]
            for node in component:
                for neighbor in graph[node]:
                    if neighbor not in seen:
                        seen.add(neighbor)
                        component.append(neighbor)
            components.append(component)
    return components
# Complexity: O(V + E) time, O(V) space.
''',
        checks=[
            "[sorted(c) for c in connected_components({1: [2], 2: [1], 3: []})] == [[1, 2], [3]]",
            "connected_components({}) == []",
        ],
    ),
    entry(
        "edit_distance",
        do="(compute|calculate|find|get) the (edit distance|levenshtein distance|levenshtein edit distance) (of two strings|between two strings|between two words|); (implement|do) (the|) levenshtein (distance|algorithm); count the edits (between two strings|from one string to another); measure how (different|similar) two (strings|words) are",
        noun="(the|) (edit distance|levenshtein distance|levenshtein edit distance) (of two strings|between two strings|of two words|); levenshtein; (the|) (levenshtein|edit distance) algorithm; (the|) number of edits between two (strings|words)",
        code='''
def edit_distance(a, b):
    """Return the Levenshtein distance of two strings."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row = row, [i]
        for j, y in enumerate(b, 1):
            change = previous[j - 1] + (x != y)
            row.append(min(change, previous[j] + 1, row[-1] + 1))
    return row[-1]
# Complexity: O(m * n) time, O(n) space.
''',
        checks=[
            "edit_distance('kitten', 'sitting') == 3",
            "edit_distance('', 'abc') == 3",
            "edit_distance('same', 'same') == 0",
        ],
    ),
    entry(
        "longest_common_subsequence",
        do="(find|compute|get) the (longest common subsequence|lcs) (of two strings|of two sequences|); (find|compute) the length of the longest common subsequence; (implement|solve|do) (the|) (longest common subsequence|lcs) (problem|algorithm); find the longest subsequence (two strings share|of two strings)",
        noun="(the|) longest common subsequence (of two strings|of two sequences|); (the|) lcs (of two strings|problem|algorithm); longest common subsequence (length|problem|algorithm); lcs",
        code='''
def longest_common_subsequence(a, b):
    """Return the length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        previous, row = row, [0]
        for j, y in enumerate(b, 1):
            row.append(previous[j - 1] + 1 if x == y else max(previous[j], row[-1]))
    return row[-1]
# Complexity: O(m * n) time, O(n) space.
''',
        checks=["longest_common_subsequence('ABCBDAB', 'BDCABA') == 4", "longest_common_subsequence('', 'a') == 0"],
    ),
    entry(
        "longest_increasing_subsequence",
        do="(find|compute|get) the (longest increasing subsequence|lis) (of a list|of numbers|in an array|); (find|compute) the length of the longest increasing subsequence; (implement|solve|do) (the|) (longest increasing subsequence|lis) (problem|algorithm); find the longest (growing|rising|increasing) subsequence",
        noun="(the|) longest increasing subsequence (of a list|of numbers|of an array|); (the|) lis (of a list|problem|algorithm); longest increasing subsequence (length|problem|algorithm); lis; patience sorting",
        code='''
def longest_increasing_subsequence(numbers):
    """Return the length of the longest increasing subsequence."""
    from bisect import bisect_left
    tails = []
    for number in numbers:
        i = bisect_left(tails, number)
        tails[i:i + 1] = [number]
    return len(tails)
# Complexity: O(n log n) time, O(n) space.
''',
        checks=[
            "longest_increasing_subsequence([10, 9, 2, 5, 3, 7, 101, 18]) == 4",
            "longest_increasing_subsequence([]) == 0",
            "longest_increasing_subsequence([2, 2]) == 1",
        ],
    ),
    entry(
        "knapsack",
        do="(solve|implement|do) (the|) (knapsack|0/1 knapsack|0-1 knapsack) (problem|); (fill|pack) a knapsack (with the most value|optimally|); (find|compute) the (best|most) value that fits (into|in) a (knapsack|bag); (choose|pick) items by weight and value",
        noun="(the|a|) (knapsack|0/1 knapsack|0-1 knapsack) (problem|algorithm|solver|); (knapsack|0/1 knapsack) (with dynamic programming|by dynamic programming|dp); (packing|filling) a knapsack; the knapsack",
        code='''
def knapsack(weights, values, capacity):
    """Return the best total value that fits into the knapsack."""
    best = [0] * (capacity + 1)
    for weight, value in zip(weights, values):
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]
# Complexity: O(n * capacity) time, O(capacity) space.
''',
        checks=[
            "knapsack([1, 3, 4, 5], [1, 4, 5, 7], 7) == 9",
            "knapsack([], [], 5) == 0",
            "knapsack([2], [3], 4) == 3",
        ],
    ),
    entry(
        "coin_change",
        do="(solve|implement|do) (the|) coin change (problem|); (find|compute) the (fewest|minimum number of|least) coins (for an amount|that make an amount|); (make|give) change with (the fewest|as few) coins; count the (fewest|minimum) coins for an amount",
        noun="(the|a|) coin change (problem|algorithm|); (the|) (fewest|minimum number of) coins (for an amount|); coin change (with|by) dynamic programming; change making; the change-making problem",
        code='''
def coin_change(coins, amount):
    """Return the fewest coins that make amount, or -1."""
    fewest = [0] + [amount + 1] * amount
    for total in range(1, amount + 1):
        for coin in coins:
            if coin <= total:
                fewest[total] = min(fewest[total], fewest[total - coin] + 1)
    return fewest[amount] if fewest[amount] <= amount else -1
# Complexity: O(amount * n) time, O(amount) space.
''',
        checks=[
            "coin_change([1, 5, 10, 25], 30) == 2",
            "coin_change([2], 3) == -1",
            "coin_change([1], 0) == 0",
            "coin_change([1, 3, 4], 6) == 2",
        ],
    ),
    entry(
        "max_subarray",
        do="(find|compute|get) the (maximum subarray|maximum subarray sum|max subarray sum|largest subarray sum) (of a list|of an array|); (implement|run|do) (kadane|kadane's algorithm|the kadane algorithm); (find|get) the (largest|maximum|greatest) sum of (a contiguous subarray|neighbouring numbers|a subarray); solve the maximum subarray problem",
        noun="(kadane|kadane's algorithm|kadanes algorithm|the kadane algorithm); (the|) (maximum|max|largest) subarray (sum|); (the|) maximum subarray (problem|algorithm); (largest|maximum) contiguous (sum|subarray)",
        code='''
def max_subarray(numbers):
    """Return the largest sum of a contiguous part of a list."""
    best = current = float("-inf")
    for number in numbers:
        current = max(number, current + number)
        best = max(best, current)
    return best
# Complexity: O(n) time, O(1) space.
''',
        checks=[
            "max_subarray([-2, 1, -3, 4, -1, 2, 1, -5, 4]) == 6",
            "max_subarray([-3, -1]) == -1",
            "max_subarray([2]) == 2",
        ],
    ),
    entry(
        "sieve_of_eratosthenes",
        do="(implement|run|do|write) (the|a|) sieve of eratosthenes; (sieve|find|compute) primes (with a|with the|by) (sieve|sieve of eratosthenes); (run|implement) (a|the) prime sieve; sieve (the|all) (primes|prime numbers) (up to n|below n|)",
        noun="(the|a|) sieve of eratosthenes; (the|) eratosthenes (sieve|algorithm); (a|the|) (prime sieve|sieve of primes|prime number sieve); (a|the|) sieve (algorithm|for primes)",
        code='''
def sieve_of_eratosthenes(n):
    """Return all primes up to n."""
    is_prime = [False, False] + [True] * (n - 1)
    for i in range(2, int(n ** 0.5) + 1):
        if is_prime[i]:
            for multiple in range(i * i, n + 1, i):
                is_prime[multiple] = False
    return [i for i in range(2, n + 1) if is_prime[i]]
# Complexity: O(n log log n) time, O(n) space.
''',
        checks=[
            "sieve_of_eratosthenes(20) == [2, 3, 5, 7, 11, 13, 17, 19]",
            "sieve_of_eratosthenes(1) == []",
            "sieve_of_eratosthenes(2) == [2]",
        ],
    ),
    entry(
        "extended_gcd",
        do="(implement|run|do|perform) (the|) (extended euclidean algorithm|extended euclid|extended gcd); (compute|find) (the|) (bezout|bezout's) coefficients (of two numbers|); compute (the|) extended gcd (of two numbers|); find x and y (with|so that) ax + by = gcd",
        noun="(the|) (extended euclidean|extended euclid) algorithm; (the|) extended (gcd|euclid) (of two numbers|); (bezout|bezout's) (coefficients|identity); (the|) extended greatest common divisor",
        code='''
def extended_gcd(a, b):
    """Return g, x and y so that a * x + b * y == g == gcd(a, b)."""
    if b == 0:
        return a, 1, 0
    g, x, y = extended_gcd(b, a % b)
    return g, y, x - a // b * y
# Complexity: O(log min(a, b)) time, O(log min(a, b)) space.
''',
        checks=["tuple(extended_gcd(240, 46)) == (2, -9, 47)", "tuple(extended_gcd(5, 0)) == (5, 1, 0)"],
    ),
    entry(
        "modular_power",
        do="(do|implement|perform|compute) (modular|fast modular|binary) exponentiation; (compute|calculate) a power modulo (a number|m|n); (implement|do) (exponentiation by squaring|fast exponentiation); raise a number to a power modulo (another|m)",
        noun="(modular|fast modular|binary) exponentiation; (exponentiation by squaring|fast exponentiation|square and multiply); (a|the|) modular (power|powers); (fast|modular|binary) exponentiation algorithm",
        code='''
def modular_power(base, exponent, modulus):
    """Return base ** exponent % modulus by repeated squaring."""
    result = 1 % modulus
    while exponent:
        if exponent % 2:
            result = result * base % modulus
        base = base * base % modulus
        exponent //= 2
    return result
# Complexity: O(log exponent) time, O(1) space.
''',
        checks=["modular_power(2, 10, 1000) == 24", "modular_power(3, 0, 7) == 1", "modular_power(7, 128, 13) == 3"],
    ),
    entry(
        "kmp_search",
        do="(implement|run|do|perform) (kmp|knuth-morris-pratt|knuth morris pratt|the kmp algorithm); (search|find) a (pattern|substring) (with|using) (kmp|knuth-morris-pratt|knuth morris pratt); search (text|a text|a string) for a pattern (with|using) kmp; (match|find) a pattern with a failure (table|function)",
        noun="(kmp|knuth-morris-pratt|knuth morris pratt) (search|algorithm|string search|); (the|a|) (kmp|knuth-morris-pratt|knuth morris pratt) (algorithm|pattern search|string matching); kmp (string|pattern|substring) (search|matching); kmp",
        code='''
def kmp_search(text, pattern):
    """Return where a pattern starts in text, or -1, by Knuth-Morris-Pratt."""
    fallback, k = [0] * len(pattern), 0
    for i in range(1, len(pattern)):
        while k and pattern[i] != pattern[k]:
            k = fallback[k - 1]
        k += pattern[i] == pattern[k]
        fallback[i] = k
    k = 0
    for i, c in enumerate(text):
        while k and c != pattern[k]:
            k = fallback[k - 1]
        k += c == pattern[k]
        if k == len(pattern):
            return i - k + 1
    return -1
# Complexity: O(n + m) time, O(m) space.
''',
        checks=[
            "kmp_search('ababcababd', 'ababd') == 5",
            "kmp_search('aaa', 'b') == -1",
            "kmp_search('aabaaab', 'aaab') == 3",
        ],
    ),
    entry(
        "rabin_karp",
        do="(implement|run|do|perform) (rabin-karp|rabin karp|the rabin-karp algorithm|the rabin karp algorithm); (search|find) a (pattern|substring) (with|using) (rabin-karp|rabin karp|a rolling hash); search (text|a text|a string) for a pattern (with|using) (a rolling hash|rabin-karp); match a pattern by hashing",
        noun="(rabin-karp|rabin karp) (search|algorithm|string search|); (the|a|) (rabin-karp|rabin karp) (algorithm|pattern search|string matching); rolling hash (search|string search|matching); karp-rabin",
        code='''
def rabin_karp(text, pattern):
    """Return where a pattern starts in text, or -1, by a rolling hash."""
    n, base, modulus = len(pattern), 256, 1000003
    high = pow(base, n - 1, modulus)
    wanted = window = 0
    for a, b in zip(pattern, text):
        wanted = (wanted * base + ord(a)) % modulus
        window = (window * base + ord(b)) % modulus
    for i in range(len(text) - n + 1):
        if window == wanted and text[i:i + n] == pattern:
            return i
        if i + n < len(text):
            window -= ord(text[i]) * high
            window = (window * base + ord(text[i + n])) % modulus
    return -1
# Complexity: O(n + m) time on average, O(n * m) at worst, O(m) space.
''',
        checks=[
            "rabin_karp('ababcababd', 'ababd') == 5",
            "rabin_karp('aaa', 'b') == -1",
            "rabin_karp('a', 'abc') == -1",
        ],
    ),
    entry(
        "permutations",
        do="(generate|list|find|compute) (all|the|) permutations (of a list|of a string|of items|); (list|generate) (all|all possible) (orders|orderings|arrangements) of a list; permute (a list|the items of a list); get every (permutation|ordering) of a list",
        noun="(all|the|) permutations (of a list|of items|); (generating|listing) (all|) permutations; (a|) permutation (generator|algorithm); all (orders|orderings|arrangements) of (a list|items)",
        code='''
def permutations(items):
    """Return all orders of a list."""
    if not items:
        return [[]]
    result = []
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1:]):
            result.append([item] + rest)
    return result
# Complexity: O(n * n!) time, O(n * n!) space.
''',
        checks=[
            "sorted(permutations([1, 2, 3])) == [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]]",
            "permutations([]) == [[]]",
        ],
    ),
    entry(
        "power_set",
        do="(generate|list|find|compute) (all|the|) subsets (of a list|of a set|); (generate|compute|build) the (power set|powerset) (of a list|of a set|); get every (subset|possible subset) of a (list|set); (list|enumerate) all subsets",
        noun="(the|a|) (power set|powerset) (of a list|of a set|); (all|the|) subsets (of a list|of a set|); (generating|listing) (all|) subsets; (a|) subset (generator|generation); (power set|powerset) algorithm",
        code='''
def power_set(items):
    """Return all subsets of a list."""
    subsets = [[]]
    for item in items:
        subsets += [subset + [item] for subset in subsets]
    return subsets
# Complexity: O(n * 2^n) time, O(n * 2^n) space.
''',
        checks=[
            "sorted(power_set([1, 2])) == [[], [1], [1, 2], [2]]",
            "power_set([]) == [[]]",
            "len(power_set(range(5))) == 32",
        ],
    ),
    entry(
        "n_queens",
        do="solve (the|) (n queens|n-queens|eight queens|8 queens) (problem|puzzle|); place (n|eight|8) queens on a (chessboard|chess board|board); (put|set) (n|eight) queens on a chessboard; (find|list) all solutions of (n queens|n-queens|the n queens problem)",
        noun="(the|) (n queens|n-queens|eight queens|8 queens) (problem|puzzle|); (n queens|n-queens) (solver|solutions|backtracking); (queens|n queens) on a (chessboard|chess board); nqueens",
        code='''
def n_queens(n):
    """Return all ways to place n queens, as the column of each row."""
    solutions = []

    def place(columns):
        row = len(columns)
        if row == n:
            solutions.append(columns)
            return
        for column in range(n):
            if all(column != c and abs(column - c) != row - r for r, c in enumerate(columns)):
                place(columns + [column])

    place([])
    return solutions
# Complexity: O(n^2 * n!) time at most, O(n^2) space beside the solutions.
''',
        checks=["n_queens(4) == [[1, 3, 0, 2], [2, 0, 3, 1]]", "len(n_queens(6)) == 4", "n_queens(3) == []"],
    ),
    entry(
        "tower_of_hanoi",
        do="solve (the|) (tower of hanoi|towers of hanoi|hanoi) (puzzle|problem|); move (the|) (disks|discs) of (the tower of hanoi|hanoi|the towers of hanoi); list the moves of (the tower of hanoi|hanoi|the towers of hanoi); (play|do) (hanoi|the tower of hanoi|the towers of hanoi)",
        noun="(the|a|) (tower|towers) of hanoi (puzzle|problem|); hanoi (towers|tower|solver|moves); hanoi; (the|) tower of hanoi (moves|solver|algorithm)",
        code='''
def tower_of_hanoi(n):
    """Return the moves that bring n disks from A to C."""
    moves = []

    def move(count, source, target, spare):
        if count:
            move(count - 1, source, spare, target)
            moves.append((source, target))
            move(count - 1, spare, target, source)

    move(n, "A", "C", "B")
    return moves
# Complexity: O(2^n) time, O(2^n) space for the moves.
''',
        checks=[
            "[tuple(m) for m in tower_of_hanoi(2)] == [('A', 'B'), ('A', 'C'), ('B', 'C')]",
            "len(tower_of_hanoi(5)) == 31",
            "tower_of_hanoi(0) == []",
        ],
    ),
    entry(
        "matrix_multiply",
        do="multiply (two|2) matrices; multiply (a matrix by a matrix|a matrix by another|matrices); (compute|calculate|find) the (product|matrix product) of two matrices; (do|implement|perform) matrix multiplication",
        noun="matrix multiplication; (the|) (product|multiplication) of two matrices; (the|a|) matrix product; multiplying (two matrices|matrices); (the|a|) matrix multiplication algorithm",
        code='''
def matrix_multiply(a, b):
    """Return the product of two matrices."""
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]
# Complexity: O(n^3) time, O(n^2) space for n x n matrices.
''',
        checks=[
            "matrix_multiply([[1, 2], [3, 4]], [[5, 6], [7, 8]]) == [[19, 22], [43, 50]]",
            "matrix_multiply([[2, 3]], [[4], [5]]) == [[23]]",
        ],
    ),
    entry(
        "pascal_triangle",
        do="(generate|compute|build|print) (pascal's triangle|the pascal triangle|pascals triangle); (list|get|return) the (first|) rows of (pascal's triangle|the pascal triangle); (compute|generate|list) a triangle of binomial coefficients; build a pascal triangle",
        noun="(pascal's triangle|the pascal triangle|pascals triangle|a pascal triangle); (the|) rows of (pascal's|pascals) triangle; (the|a) triangle of binomial coefficients; pascal triangle (rows|generator)",
        code='''
def pascal_triangle(n):
    """Return the first n rows of Pascal's triangle."""
    rows, row = [], [1]
    for _ in range(n):
        rows.append(row)
        row = [1] + [a + b for a, b in zip(row, row[1:])] + [1]
    return rows
# Complexity: O(n^2) time, O(n^2) space.
''',
        checks=["pascal_triangle(4) == [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1]]", "pascal_triangle(0) == []"],
    ),
    entry(
        "flood_fill",
        do="(do|implement|perform|run) (a|) (flood fill|floodfill); (fill|flood) (an area|a region) of a grid (with a color|with a colour|); (flood|fill) a grid from a (cell|start cell); paint all connected cells of a grid",
        noun="(flood fill|floodfill|flood filling); (a|the) flood fill (algorithm|of a grid); (filling|flooding) (an area|a region) of a grid; (the|) paint bucket (fill|algorithm)",
        code='''
def flood_fill(grid, row, column, color):
    """Fill the area around a cell of a grid with color."""
    old, stack = grid[row][column], [(row, column)]
    while stack and old != color:
        r, c = stack.pop()
        if 0 <= r < len(grid) and 0 <= c < len(grid[0]) and grid[r][c] == old:
            grid[r][c] = color
            stack += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
    return grid
# Complexity: O(n) time, O(n) space for n cells.
''',
        checks=[
            "flood_fill([[1, 1, 0], [0, 1, 0], [1, 0, 1]], 0, 0, 2) == [[2, 2, 0], [0, 2, 0], [1, 0, 1]]",
            "flood_fill([[5]], 0, 0, 5) == [[5]]",
        ],
    ),
    entry(
        "inorder_traversal",
        do="traverse a binary tree (in order|inorder); (do|implement|perform) (an|) (inorder|in-order) (traversal|tree traversal); (visit|list) the (nodes|values) of a binary tree (in order|inorder); (walk|traverse) (through|) a binary (search|) tree",
        noun="(inorder|in-order) (traversal|tree traversal|traversal of a binary tree); (binary tree|tree) traversal; (an|the) (inorder|in-order) traversal (algorithm|); traversing a binary tree",
        code='''
def inorder_traversal(root):
    """Return the values of a binary tree in order."""
    values, stack, node = [], [], root
    while node or stack:
        while node:
            stack.append(node)
            node = node.left
        node = stack.pop()
        values.append(node.value)
        node = node.right
    return values
# Complexity: O(n) time, O(n) space.
''',
        checks=[
            "inorder_traversal(None) == []",
            "(lambda N: inorder_traversal(N(value=2, left=N(value=1, left=None, right=None), right=N(value=3, left=None, right=None))))(__import__('types').SimpleNamespace) == [1, 2, 3]",
        ],
    ),
    entry(
        "balanced_brackets",
        do="(check|test|tell) (if|whether) (brackets|parentheses|the brackets|the parentheses) are (balanced|matched); check (for|) balanced (brackets|parentheses); (match|validate) (brackets|parentheses) (in a string|); (check|test) (if|whether) a string has (balanced|valid) (brackets|parentheses)",
        noun="balanced (brackets|parentheses|parens); (bracket|parenthesis) (matching|balance check|checker); (valid|matching) (brackets|parentheses); (brackets|parentheses) (check|validation)",
        code='''
def balanced_brackets(text):
    """Tell whether all brackets in text are closed in order."""
    pairs = {")": "(", "]": "[", "}": "{"}
    stack = []
    for c in text:
        if c in "([{":
            stack.append(c)
        elif c in pairs and (not stack or stack.pop() != pairs[c]):
            return False
    return not stack
# Complexity: O(n) time, O(n) space.
''',
        checks=[
            "balanced_brackets('{[a](b)}')",
            "not balanced_brackets('(]')",
            "not balanced_brackets('(')",
            "not balanced_brackets(')')",
            "balanced_brackets('')",
        ],
    ),
    entry(
        "huffman_codes",
        do="(compute|build|generate|find) (the|) huffman (codes|code) (of a text|of a string|); (do|implement|perform) huffman (coding|encoding); (build|create) a huffman (tree|code table); (encode|compress) (text|a text) with huffman (codes|coding)",
        noun="huffman (coding|codes|encoding); (the|a) huffman (code|algorithm|tree); huffman; (the|) huffman (codes|coding) of a (text|string); huffman (compression|code table)",
        code='''
def huffman_codes(text):
    """Return the Huffman code of each character of text."""
    from collections import Counter
    from heapq import heapify, heappop, heappush
    codes = dict.fromkeys(text, "")
    heap = [(count, c) for c, count in Counter(text).items()]
    heapify(heap)
    while len(heap) > 1:
        (count_a, a), (count_b, b) = heappop(heap), heappop(heap)
        for c in a:
            codes[c] = "0" + codes[c]
        for c in b:
            codes[c] = "1" + codes[c]
        heappush(heap, (count_a + count_b, a + b))
    return {c: code or "0" for c, code in codes.items()}
# Complexity: O(n + k^2) time, O(k^2) space for k different characters.
''',
        checks=[
            "[len(huffman_codes('aaaabbc')[c]) for c in 'abc'] == [1, 2, 2]",
            "huffman_codes('aa') == {'a': '0'}",
            "len(set(huffman_codes('abcd').values())) == 4",
        ],
    ),
    entry(
        "merge_intervals",
        do="merge (overlapping|all overlapping|) intervals; (combine|join) overlapping (intervals|ranges); merge (overlapping|) (ranges|time ranges); (solve|do) (the|) merge intervals (problem|)",
        noun="interval merging; (merge|merging) (intervals|overlapping intervals|ranges); (the|) merge intervals (problem|algorithm); (the|) union of overlapping (intervals|ranges)",
        code='''
def merge_intervals(intervals):
    """Return the intervals with overlapping ones merged."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return merged
# Complexity: O(n log n) time, O(n) space.
''',
        checks=[
            "merge_intervals([[1, 3], [8, 10], [2, 6]]) == [[1, 6], [8, 10]]",
            "merge_intervals([]) == []",
            "merge_intervals([(1, 9), (2, 3)]) == [[1, 9]]",
        ],
    ),
    entry(
        "majority_vote",
        do="(find|get) the majority (element|item) (of a list|in a list|); (implement|run|do) (boyer-moore|boyer moore|the boyer-moore) (majority vote|voting|majority voting); find the (item|element) (that fills|that makes up) more than half (of a list|); take a majority vote",
        noun="(the|) majority (element|vote|voting|item); (boyer-moore|boyer moore) (majority vote|voting|majority voting); (the|) (boyer-moore|boyer moore) (majority vote|voting) algorithm; (the|) majority (element|item) of a list",
        code='''
def majority_vote(items):
    """Return the item that fills more than half of a list."""
    candidate, votes = None, 0
    for item in items:
        if votes == 0:
            candidate = item
        votes += 1 if item == candidate else -1
    return candidate
# Complexity: O(n) time, O(1) space.
''',
        checks=[
            "majority_vote([2, 1, 2, 3, 2]) == 2",
            "majority_vote(['a']) == 'a'",
            "majority_vote([1, 1, 2, 2, 2]) == 2",
        ],
    ),
]
