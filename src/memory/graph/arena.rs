//! Where a graph's tensors lie in the compute buffer, as ggml would place them.
//!
//! ggml allocates a graph before it runs it: it walks through the nodes, gives each a place, and takes the
//! place back after its last use. What that comes to is no sum and no maximum, but a walk; so it is walked
//! here too. The rules are those of `ggml-alloc.c` (b11434): the best fit among the holes, the end of the
//! buffer where none fits, and in place of a parent that nobody needs any more.

use std::collections::BTreeMap;

/// What every place is rounded up to (`TENSOR_ALIGNMENT` of the CPU's buffers).
const ALIGNMENT: u64 = 64;
/// Memory comes into a process in pages of so many bytes.
const PAGE: u64 = 4096;

/// Larger than any tensor: a header may claim anything, and sums of it must not overflow.
const MOST_BYTES: u64 = 1 << 44;

/// A tensor by its number.
pub(super) type Id = usize;

/// A tensor of a graph, as its memory needs it.
#[derive(Debug, Clone, Default)]
struct Tensor {
    /// Bytes in the largest graph, for which the buffer is made.
    reserved: u64,
    /// Bytes that a run writes.
    written: u64,
    /// What it is computed from.
    sources: Vec<Id>,
    /// Sources in whose place it may be computed.
    replaces: Vec<Id>,
    /// Whose memory it shows, if it has none of its own; never itself a view.
    view_of: Option<Id>,
    is_input: bool,
}

/// A graph that grows as llama.cpp builds it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    tensors: Vec<Tensor>,
    /// In the order in which they are computed.
    order: Vec<Id>,
    inputs: Vec<Id>,
    visited: Vec<bool>,
}

/// What a graph takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memory) struct Placed {
    /// The compute buffer, in bytes.
    pub(in crate::memory) reserved: u64,
    /// Bytes of it that a run ever writes, in whole pages.
    pub(in crate::memory) touched: u64,
}

/// Bytes of a tensor: in the largest graph, and in a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) reserved: u64,
    pub(super) written: u64,
}

impl Graph {
    /// What a run is given from outside.
    pub(super) fn input(&mut self, size: Size) -> Id {
        let id = self.push(size, &[], &[]);
        self.tensors[id].is_input = true;
        id
    }

    /// Something computed into memory of its own.
    pub(super) fn computed(&mut self, size: Size, sources: &[Id]) -> Id {
        self.push(size, sources, &[])
    }

    /// Something computed in place of the first of `replaces` that nobody else needs.
    pub(super) fn in_place(&mut self, size: Size, sources: &[Id], replaces: &[Id]) -> Id {
        self.push(size, sources, replaces)
    }

    /// The memory of another one, seen in another way.
    pub(super) fn view(&mut self, of: Id) -> Id {
        let id = self.push(NOTHING, &[of], &[]);
        self.tensors[id].view_of = Some(self.tensors[of].view_of.unwrap_or(of));
        id
    }

    /// Something that is written into the memory of another one, and is seen as that.
    pub(super) fn written_into(&mut self, of: Id, sources: &[Id]) -> Id {
        let id = self.view(of);
        self.tensors[id].sources = [sources, &[of]].concat();
        id
    }

    /// Something that is written into memory which is not the graph's, such as the cache.
    pub(super) fn stored(&mut self, sources: &[Id]) -> Id {
        self.push(NOTHING, sources, &[])
    }

    /// Puts a tensor, and what it is computed from, next in the order of computing.
    pub(super) fn expand(&mut self, id: Id) {
        if std::mem::replace(&mut self.visited[id], true) {
            return;
        }
        for source in self.tensors[id].sources.clone() {
            self.expand(source);
        }
        let list = if self.tensors[id].is_input {
            &mut self.inputs
        } else {
            &mut self.order
        };
        list.push(id);
    }

    /// Gives every tensor its place.
    pub(super) fn place(&self) -> Placed {
        let mut walk = Walk::new(self);
        for &input in &self.inputs {
            walk.allocate(input);
        }
        for &id in &self.order {
            walk.allocate(id);
            walk.release_sources(id);
        }
        Placed {
            reserved: walk.arena.end,
            touched: pages(walk.written),
        }
    }

    fn push(&mut self, size: Size, sources: &[Id], replaces: &[Id]) -> Id {
        self.tensors.push(Tensor {
            reserved: size.reserved.min(MOST_BYTES).next_multiple_of(ALIGNMENT),
            written: size.written.min(size.reserved).min(MOST_BYTES),
            sources: sources.to_vec(),
            replaces: replaces.to_vec(),
            ..Tensor::default()
        });
        self.visited.push(false);
        self.tensors.len() - 1
    }
}

const NOTHING: Size = Size {
    reserved: 0,
    written: 0,
};

/// A walk through a graph: who is where, and who is still needed.
struct Walk<'a> {
    graph: &'a Graph,
    arena: Arena,
    /// Who still reads a tensor.
    readers: Vec<u32>,
    /// Who still shows it.
    views: Vec<u32>,
    places: Vec<Option<u64>>,
    /// Where a run writes: the start, and the end.
    written: Vec<(u64, u64)>,
}

impl<'a> Walk<'a> {
    fn new(graph: &'a Graph) -> Self {
        let count = graph.tensors.len();
        let mut walk = Self {
            graph,
            arena: Arena::default(),
            readers: vec![0; count],
            views: vec![0; count],
            places: vec![None; count],
            written: Vec::new(),
        };
        for &id in &graph.order {
            let tensor = &graph.tensors[id];
            if let Some(of) = tensor.view_of {
                walk.views[of] += 1;
            }
            for &source in &tensor.sources {
                walk.readers[source] += 1;
            }
        }
        walk
    }

    /// `ggml_gallocr_allocate_node`.
    fn allocate(&mut self, id: Id) {
        let tensor = &self.graph.tensors[id];
        if tensor.reserved == 0 || tensor.view_of.is_some() {
            return;
        }
        let taken = tensor.replaces.iter().find_map(|&parent| self.take(parent));
        let place = taken.unwrap_or_else(|| self.arena.allocate(tensor.reserved));
        self.places[id] = Some(place);
        if tensor.written > 0 {
            self.written.push((place, place + tensor.written));
        }
    }

    /// Takes the place of a parent that only this tensor reads. Both are of one size.
    fn take(&mut self, parent: Id) -> Option<u64> {
        let alone = |walk: &Self, id: Id, readers: u32, views: u32| {
            walk.readers[id] == readers && walk.views[id] == views
        };
        match self.graph.tensors[parent].view_of {
            None if alone(self, parent, 1, 0) => self.places[parent].take(),
            Some(shown) if alone(self, parent, 1, 0) && alone(self, shown, 0, 1) => {
                self.places[shown].take()
            }
            _ => None,
        }
    }

    /// Gives back what nobody needs after this tensor.
    fn release_sources(&mut self, id: Id) {
        for &source in &self.graph.tensors[id].sources {
            self.readers[source] -= 1;
            if self.readers[source] > 0 || self.views[source] > 0 {
                continue;
            }
            let Some(shown) = self.graph.tensors[source].view_of else {
                self.release(source);
                continue;
            };
            self.views[shown] -= 1;
            if self.views[shown] == 0 && self.readers[shown] == 0 {
                self.release(shown);
            }
        }
    }

    fn release(&mut self, id: Id) {
        if let Some(place) = self.places[id].take() {
            self.arena.release(place, self.graph.tensors[id].reserved);
        }
    }
}

/// The buffer: its holes by their place, with their sizes, and how far it was ever used.
#[derive(Debug, Default)]
struct Arena {
    holes: BTreeMap<u64, u64>,
    /// From here on nothing is in use.
    tail: u64,
    end: u64,
}

impl Arena {
    /// The smallest hole that fits, the last one of several; else the tail.
    fn allocate(&mut self, size: u64) -> u64 {
        let fitting = self.holes.iter().filter(|(_, hole)| **hole >= size);
        let best = fitting.min_by_key(|&(&place, &hole)| (hole, std::cmp::Reverse(place)));
        if let Some((&place, &hole)) = best {
            self.holes.remove(&place);
            if hole > size {
                self.holes.insert(place + size, hole - size);
            }
            return place;
        }
        let place = self.tail;
        self.tail = place + size;
        self.end = self.end.max(self.tail);
        place
    }

    fn release(&mut self, place: u64, size: u64) {
        let (mut start, mut end) = (place, place + size);
        if let Some((&before, &hole)) = self.holes.range(..place).next_back()
            && before + hole == place
        {
            self.holes.remove(&before);
            start = before;
        }
        if let Some(hole) = self.holes.remove(&end) {
            end += hole;
        }
        if end == self.tail {
            self.tail = start;
        } else {
            self.holes.insert(start, end - start);
        }
    }
}

/// Bytes of the pages that these stretches lie on.
fn pages(mut stretches: Vec<(u64, u64)>) -> u64 {
    stretches.sort_unstable();
    let (mut sum, mut seen) = (0, 0);
    for (start, end) in stretches {
        let (start, end) = (start / PAGE * PAGE, end.next_multiple_of(PAGE));
        if end > seen {
            sum += end - start.max(seen);
            seen = end;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: u64) -> Size {
        Size {
            reserved: bytes,
            written: bytes,
        }
    }

    #[test]
    fn what_nobody_needs_any_more_gives_its_place_away() {
        let mut graph = Graph::default();
        let first = graph.input(whole(4096));
        let second = graph.computed(whole(4096), &[first]);
        let third = graph.computed(whole(4096), &[second]);
        let fourth = graph.in_place(whole(4096), &[third], &[third]);
        graph.expand(fourth);
        assert_eq!(graph.place().reserved, 2 * 4096);
    }

    #[test]
    fn what_is_read_again_is_kept() {
        let mut graph = Graph::default();
        let first = graph.input(whole(4096));
        let second = graph.in_place(whole(4096), &[first], &[first]);
        let sum = graph.in_place(whole(4096), &[second, first], &[second, first]);
        graph.expand(sum);
        assert_eq!(graph.place().reserved, 2 * 4096);
    }

    #[test]
    fn a_view_keeps_what_it_shows() {
        let mut graph = Graph::default();
        let first = graph.input(whole(4096));
        let second = graph.computed(whole(4096), &[first]);
        let seen = graph.view(second);
        let turned = graph.in_place(whole(4096), &[seen], &[seen]);
        let other = graph.computed(whole(4096), &[turned]);
        graph.expand(other);
        // The place of the input is free again when the last one is computed.
        assert_eq!(graph.place().reserved, 2 * 4096);
    }

    #[test]
    fn a_page_counts_once_and_only_where_it_is_written() {
        let mut graph = Graph::default();
        let first = graph.input(Size {
            reserved: 1 << 20,
            written: 10,
        });
        let second = graph.computed(whole(100), &[first]);
        graph.expand(second);
        let placed = graph.place();
        assert_eq!(placed.reserved, (1 << 20) + 128);
        assert_eq!(placed.touched, 2 * PAGE);
        assert_eq!(pages(vec![(0, 5000), (4096, 8192), (100, 200)]), 8192);
    }
}
