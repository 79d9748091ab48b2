use super::facts::{LayerGroup, groups};
use super::text::ranges;
use crate::memory::Layer;

const fn layer(windowed: bool) -> Layer {
    Layer {
        key_width: 256,
        value_width: 256,
        windowed,
        state: 0,
    }
}

#[test]
fn equal_layers_are_told_once() {
    let layers: Vec<Layer> = (0..12).map(|index| layer(index % 6 != 5)).collect();
    let group = |ranges: &[[usize; 2]], layers, windowed| LayerGroup {
        ranges: ranges.to_vec(),
        layers,
        key_width: 256,
        value_width: 256,
        windowed,
        state_numbers: 0,
    };
    assert_eq!(
        groups(&layers),
        [
            group(&[[0, 4], [6, 10]], 10, true),
            group(&[[5, 5], [11, 11]], 2, false),
        ]
    );
    assert!(groups(&[]).is_empty());
}

#[test]
fn many_ranges_are_cut() {
    assert_eq!(ranges(&[[0, 4], [6, 6]]), "0-4, 6");
    let many: Vec<[usize; 2]> = (0..9).map(|index| [2 * index, 2 * index]).collect();
    assert_eq!(ranges(&many), "0, 2, 4, 6, …");
}
