//! What became of a case night by night: its ratio to the base, its speed, its memory.

use plotters::element::{Text, TriangleMarker};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, ms};
use super::palette::{
    BASE, CANDIDATE, CHANGE, FASTER, INTERVAL, LIMIT, NOTHING, Role, SLOWER, ZERO,
};
use super::{
    Canvas, Chart, Drawn, HEIGHT, Label, SCALE, area, chart, dot, path, rectangle, svg, text,
};
use crate::history::RatioRecord;
use crate::past::finding::percent;
use crate::report::page::{CasePart, Point};
use crate::report::trend::new_builds;
use crate::stats::percentile;
use crate::suite::Verdict;

/// Up to so many nights each has a dot and an interval of its own; more of them melt into a band.
const MOST_DOTS: usize = 80;
/// Marks below a plot.
const DATES: usize = 6;
/// Marks to the left of it.
const VALUES: usize = 6;
/// The radius of a dot, and of one among many, in tenths of a pixel.
const DOT: u32 = 26;
const SMALL_DOT: u32 = 17;
const HALF_A_DAY_MS: f64 = 43_200_000.0;
/// Numbers of changes stand at least so many pixels apart.
const NUMBER_WIDTH: f64 = 18.0;
/// How far they stand above the plot, in tenths of a pixel.
const GAP_BELOW_NUMBER: i32 = 10;

/// The change against the base with its interval; where it changed, and what lies between.
pub(in crate::report) fn trend(
    case: &CasePart,
    smallest_effect: Option<f64>,
    label: &Label,
) -> Drawn<Option<String>> {
    let Some(across) = nights(&case.points) else {
        return Ok(None);
    };
    let ratios: Vec<(f64, f64, f64)> = case
        .points
        .iter()
        .filter_map(|point| point.finding.ratio.as_ref())
        .map(|ratio| {
            (
                percent(ratio.ratio),
                percent(ratio.low),
                percent(ratio.high),
            )
        })
        .collect();
    let Some((low, high)) = heights(&ratios) else {
        return Ok(None);
    };
    let least = smallest_effect.unwrap_or(0.0) * 100.0;
    let (low, high) = padded(low.min(-least), high.max(least), 1.0);
    let drawn = svg(label, HEIGHT, |canvas| {
        let up = Axis::linear(low, high, VALUES, " %");
        let (from, to) = (across.low(), across.high());
        let mut chart = chart(canvas, across.clone(), up)?;
        if least > 0.0 {
            chart.draw_series([rectangle((from, -least), (to, least), NOTHING)])?;
        }
        chart.draw_series([path(vec![(from, 0.0), (to, 0.0)], ZERO, 1.0)])?;
        let builds = new_builds(case).into_iter();
        chart.draw_series(builds.map(|at| {
            let at = (ms(at), low);
            TriangleMarker::new(at, 4 * SCALE, ZERO.color().filled())
        }))?;
        ratios_of_other_bases(&mut chart, &case.points)?;
        ratios_of_the_series(&mut chart, &case.points)?;
        changes(&mut chart, canvas, case, (low, high))
    })?;
    Ok(Some(drawn))
}

/// The time per token of both arms, and the least that the machine allows.
pub(in crate::report) fn speed(case: &CasePart, label: &Label) -> Drawn<Option<String>> {
    let candidate = series(&case.points, |point| point.finding.candidate_ms);
    let base = series(&case.points, |point| {
        point.finding.base_ms.filter(|_| point.is_comparable)
    });
    let limit = series(&case.points, |point| point.case.limit_ms);
    let all = [&candidate, &base, &limit].into_iter().flatten();
    let values: Vec<f64> = all.flatten().map(|(_, value)| *value).collect();
    let (Some(across), Some((low, high))) = (nights(&case.points), ends(&values)) else {
        return Ok(None);
    };
    let (low, high) = padded(low, high, 0.04 * high);
    let drawn = svg(label, HEIGHT, |canvas| {
        let up = Axis::linear(low.max(0.0), high, VALUES, " ms");
        let mut chart = chart(canvas, across, up)?;
        for places in limit {
            // As long as the day of a single night.
            let (from, to) = (places[0], places[places.len() - 1]);
            let ends = [
                (from.0 - HALF_A_DAY_MS, from.1),
                (to.0 + HALF_A_DAY_MS, to.1),
            ];
            let through = [ends[0]].into_iter().chain(places).chain([ends[1]]);
            chart.draw_series([path(through.collect(), LIMIT, 1.6)])?;
        }
        lines_with_dots(&mut chart, base, BASE, 1.4)?;
        lines_with_dots(&mut chart, candidate, CANDIDATE, 1.4)
    })?;
    Ok(Some(drawn))
}

/// The most memory that the candidate took.
pub(in crate::report) fn memory(case: &CasePart, label: &Label) -> Drawn<Option<String>> {
    #[expect(clippy::cast_precision_loss, reason = "a size in bytes, below 2^53")]
    let bytes = |point: &Point| point.finding.peak_rss_bytes.map(|bytes| bytes as f64);
    let largest = case.points.iter().filter_map(bytes).fold(0.0, f64::max);
    let (size, unit) = if largest >= 1e9 {
        (1e9, " GB")
    } else {
        (1e6, " MB")
    };
    let peaks = series(&case.points, |point| bytes(point).map(|bytes| bytes / size));
    let values: Vec<f64> = peaks.iter().flatten().map(|(_, value)| *value).collect();
    let (Some(across), Some((low, high))) = (nights(&case.points), ends(&values)) else {
        return Ok(None);
    };
    // A megabyte more of a thousand is no mountain.
    let (low, high) = padded(low, high, 0.05 * high);
    let drawn = svg(label, HEIGHT, |canvas| {
        let mut chart = chart(canvas, across, Axis::linear(low.max(0.0), high, 5, unit))?;
        lines_with_dots(&mut chart, peaks, CANDIDATE, 1.4)
    })?;
    Ok(Some(drawn))
}

/// The scale of the nights; `None` without nights.
fn nights(points: &[Point]) -> Option<Axis> {
    let (first, last) = (points.first()?, points.last()?);
    Some(Axis::days(
        first.started_unix_ms,
        last.started_unix_ms,
        DATES,
    ))
}

/// Lines through the nights that have such a value; a new one after each night that has none.
fn series<'a>(
    points: impl IntoIterator<Item = &'a Point>,
    value: impl Fn(&Point) -> Option<f64>,
) -> Vec<Vec<(f64, f64)>> {
    let mut lines = vec![Vec::new()];
    for point in points {
        match (value(point), lines.last_mut()) {
            (Some(value), Some(open)) => open.push((ms(point.started_unix_ms), value)),
            _ => lines.push(Vec::new()),
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// With a dot for each night where they are few, and for one that stands alone.
fn lines_with_dots(
    chart: &mut Chart<'_, '_>,
    lines: Vec<Vec<(f64, f64)>>,
    role: Role,
    width: f64,
) -> Drawn {
    let nights: usize = lines.iter().map(Vec::len).sum();
    for places in lines {
        if nights <= MOST_DOTS || places.len() == 1 {
            chart.draw_series(places.iter().map(|at| dot(*at, role, DOT)))?;
        }
        chart.draw_series([path(places, role, width)])?;
    }
    Ok(())
}

/// What was held against another base is of another series, and there for comparison.
fn ratios_of_other_bases(chart: &mut Chart<'_, '_>, points: &[Point]) -> Drawn {
    let others = points.iter().filter(|point| !point.is_comparable);
    let dots = others.filter_map(|point| {
        let ratio = point.finding.ratio.as_ref()?;
        let at = (ms(point.started_unix_ms), percent(ratio.ratio));
        Some(dot(at, BASE, SMALL_DOT))
    });
    chart.draw_series(dots)?;
    Ok(())
}

fn ratios_of_the_series(chart: &mut Chart<'_, '_>, points: &[Point]) -> Drawn {
    let comparable = || points.iter().filter(|point| point.is_comparable);
    let own = |of: fn(&RatioRecord) -> f64| {
        series(comparable(), move |point| {
            point.comparable().map(|ratio| percent(of(ratio)))
        })
    };
    let (lows, highs, middles) = (
        own(|ratio| ratio.low),
        own(|ratio| ratio.high),
        own(|ratio| ratio.ratio),
    );
    let few = comparable().count() <= MOST_DOTS;
    for (lows, highs) in lows.into_iter().zip(highs) {
        if few || lows.len() == 1 {
            let both = lows.into_iter().zip(highs);
            chart.draw_series(both.map(|(low, high)| path(vec![low, high], INTERVAL, 3.0)))?;
        } else {
            let there_and_back = lows.into_iter().chain(highs.into_iter().rev());
            chart.draw_series([area(there_and_back.collect(), INTERVAL)])?;
        }
    }
    for places in middles {
        chart.draw_series([path(places, CANDIDATE, 1.2)])?;
    }
    let radius = if few { DOT } else { SMALL_DOT };
    for point in comparable() {
        let Some(ratio) = point.comparable() else {
            continue;
        };
        let at = (ms(point.started_unix_ms), percent(ratio.ratio));
        match point.verdict {
            Some(Verdict::Worse) => chart.draw_series([dot(at, SLOWER, radius)])?,
            Some(Verdict::Better) => chart.draw_series([dot(at, FASTER, radius)])?,
            _ if few => chart.draw_series([dot(at, CANDIDATE, radius)])?,
            _ => continue,
        };
    }
    Ok(())
}

/// A line where the series changed, with its number in the table, and one through each stretch between.
fn changes(
    chart: &mut Chart<'_, '_>,
    canvas: &Canvas<'_>,
    case: &CasePart,
    (low, high): (f64, f64),
) -> Drawn {
    let at = |index: usize| {
        case.points
            .get(index)
            .map(|point| ms(point.started_unix_ms))
    };
    let own = || {
        case.points
            .iter()
            .filter(|point| point.comparable().is_some())
    };
    let (Some(first), Some(end)) = (own().next(), own().next_back()) else {
        return Ok(());
    };
    let mut from = ms(first.started_unix_ms);
    let mut free_from = f64::NEG_INFINITY;
    for (number, change) in (1..).zip(&case.changes) {
        let Some(to) = at(change.at) else { continue };
        let before = percent(change.before);
        chart.draw_series([
            path(vec![(to, low), (to, high)], CHANGE, 1.0),
            path(vec![(from, before), (to, before)], CHANGE, 2.2),
        ])?;
        from = to;
        let (x, y) = chart.backend_coord(&(to, high));
        let pixel = f64::from(x) / f64::from(SCALE);
        // One that has no room is in the table all the same.
        if pixel >= free_from {
            free_from = pixel + NUMBER_WIDTH;
            let style = text().pos(Pos::new(HPos::Center, VPos::Bottom));
            canvas.draw(&Text::new(
                number.to_string(),
                (x, y - GAP_BELOW_NUMBER),
                style,
            ))?;
        }
    }
    if let Some(last) = case.changes.last() {
        let after = percent(last.after);
        let to = ms(end.started_unix_ms);
        chart.draw_series([path(vec![(from, after), (to, after)], CHANGE, 2.2)])?;
    }
    Ok(())
}

/// How high a plot of these ratios has to reach: over all of them, and most of their intervals.
fn heights(ratios: &[(f64, f64, f64)]) -> Option<(f64, f64)> {
    let column = |of: fn(&(f64, f64, f64)) -> f64| ratios.iter().map(of).collect::<Vec<f64>>();
    let (low, high) = ends(&column(|ratio| ratio.0))?;
    // A night with two pairs may have an interval that is many times as long as that of any other.
    let lows = percentile(&column(|ratio| ratio.1), 0.05)?;
    let highs = percentile(&column(|ratio| ratio.2), 0.95)?;
    Some((low.min(lows), high.max(highs)))
}

fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    let high = values.iter().copied().reduce(f64::max)?;
    Some((low, high))
}

/// With some air at both ends, and never less than that from one to the other.
fn padded(low: f64, high: f64, least: f64) -> (f64, f64) {
    let missing = (least - (high - low)).max(0.0) / 2.0;
    let air = (high - low).max(least) * 0.06;
    (low - missing - air, high + missing + air)
}
