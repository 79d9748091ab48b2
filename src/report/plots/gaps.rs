//! How long the gaps between tokens are: histograms of both arms, one over the other.

use super::axis::Axis;
use super::palette::{BASE, CANDIDATE, INTERVAL};
use super::{Drawn, HEIGHT, Label, chart, path, rectangle, svg};
use crate::history::GapCounts;

/// Marks below the plot.
const GAPS: usize = 7;
/// The least height of a bar, as a share of the highest one: about a pixel, so that no gap is invisible.
const HAIRLINE: f64 = 0.006;

/// A bucket: where it begins and ends in milliseconds, and how much of all is in it, in percent.
type Bucket = (f64, f64, f64);

/// The gaps of the candidate as bars, those of the base as a line. `None` where there are none of the
/// candidate.
pub(in crate::report) fn gaps(
    base: &GapCounts,
    candidate: &GapCounts,
    label: &Label,
) -> Drawn<Option<String>> {
    let (base, candidate) = (shares(base), shares(candidate));
    if candidate.is_empty() {
        return Ok(None);
    }
    let all = || base.iter().chain(&candidate);
    let low = all().map(|bucket| bucket.0).fold(f64::INFINITY, f64::min);
    let high = all().map(|bucket| bucket.1).fold(0.0, f64::max);
    let highest = all().map(|bucket| bucket.2).fold(0.0, f64::max);
    let drawn = svg(label, HEIGHT, |canvas| {
        let across = Axis::logarithmic(low * 0.97, high * 1.03, GAPS);
        let up = Axis::linear(0.0, highest * 1.06, 5, " %");
        let mut chart = chart(canvas, across, up)?;
        chart.draw_series(candidate.iter().map(|&(from, to, share)| {
            let height = share.max(highest * HAIRLINE);
            rectangle((from.ln(), 0.0), (to.ln(), height), INTERVAL)
        }))?;
        chart.draw_series([path(outline(&candidate), CANDIDATE, 1.4)])?;
        chart.draw_series([path(outline(&base), BASE, 1.4)])?;
        Ok(())
    })?;
    Ok(Some(drawn))
}

#[expect(clippy::cast_precision_loss, reason = "a count of tokens, below 2^53")]
fn shares(counts: &GapCounts) -> Vec<Bucket> {
    let total = counts.total() as f64;
    let buckets = counts.buckets();
    buckets
        .map(|(from, to, count)| (from, to, f64::from(count) / total * 100.0))
        .collect()
}

/// The steps of a histogram, down to nothing where a bucket is empty.
fn outline(buckets: &[Bucket]) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> = Vec::new();
    for &(from, to, share) in buckets {
        let (from, to) = (from.ln(), to.ln());
        match places.last().copied() {
            // The ends of neighbours are computed alike.
            Some((end, _)) if end >= from => {}
            Some((end, _)) => places.extend([(end, 0.0), (from, 0.0)]),
            None => places.push((from, 0.0)),
        }
        places.extend([(from, share), (to, share)]);
    }
    if let Some((end, _)) = places.last().copied() {
        places.push((end, 0.0));
    }
    places
}
