//! What a night found of all cases: a row each, with its change and its interval.

use plotters::element::Text;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::palette::{BASE, CANDIDATE, FASTER, NOTHING, Role, SLOWER, ZERO};
use super::{BELOW, Drawn, Label, SCALE, chart, dot, path, rectangle, svg, text};
use crate::past::finding::percent;
use crate::report::page::Point;
use crate::suite::Verdict;

/// The height of a row in pixels.
const ROW: u32 = 22;
/// Letters of a name that are shown at most; the table has all of them.
const LETTERS: usize = 24;
/// How far a word stands from the line, in tenths of a pixel.
const BESIDE: i32 = 60;
/// Marks below the plot.
const MARKS: usize = 5;
/// Where the room above and below the rows goes, in pixels.
const AROUND: u32 = 20;

/// The changes of these cases against the base. `None` where nothing was compared.
pub(in crate::report) fn changes(
    points: &[&Point],
    smallest_effect: f64,
    label: &Label,
) -> Drawn<Option<String>> {
    let ratios = || {
        points
            .iter()
            .filter_map(|point| point.finding.ratio.as_ref())
    };
    let ends = ratios().flat_map(|ratio| [percent(ratio.low), percent(ratio.high)]);
    let least = smallest_effect * 100.0;
    let furthest = ends.fold(least * 1.5, |most, end| most.max(end.abs()));
    if ratios().next().is_none() {
        return Ok(None);
    }
    let rows = u32::try_from(points.len()).unwrap_or(u32::MAX);
    let names: Vec<String> = points.iter().map(|point| short(&point.case.name)).collect();
    let height = rows.saturating_mul(ROW) + BELOW + AROUND;
    let drawn = svg(label, height, |canvas| {
        let high = furthest * 1.05;
        let across = Axis::linear(-high, high, MARKS, " %");
        // The first case on top.
        let row =
            |index: usize| f64::from(rows) - 0.5 - f64::from(u32::try_from(index).unwrap_or(0));
        let marks = names.iter().enumerate();
        let marks = marks.map(|(index, name)| (row(index), name.clone()));
        let up = Axis::marked(0.0, f64::from(rows), marks.collect());
        let mut chart = chart(canvas, across, up)?;
        let (bottom, top) = (0.0, f64::from(rows));
        chart.draw_series([rectangle((-least, bottom), (least, top), NOTHING)])?;
        chart.draw_series([path(vec![(0.0, bottom), (0.0, top)], ZERO, 1.0)])?;
        for (index, point) in points.iter().enumerate() {
            let y = row(index);
            let Some(ratio) = &point.finding.ratio else {
                let style = text().pos(Pos::new(HPos::Left, VPos::Center));
                let (x, y) = chart.backend_coord(&(0.0, y));
                let word = point.finding.verdict.clone();
                canvas.draw(&Text::new(word, (x + BESIDE, y), style))?;
                continue;
            };
            let role = role(point.verdict.as_ref());
            let (low, high) = (percent(ratio.low), percent(ratio.high));
            chart.draw_series([path(vec![(low, y), (high, y)], role, 2.0)])?;
            chart.draw_series([dot((percent(ratio.ratio), y), role, 4 * SCALE)])?;
        }
        Ok(())
    })?;
    Ok(Some(drawn))
}

fn role(verdict: Option<&Verdict>) -> Role {
    match verdict {
        Some(Verdict::Worse | Verdict::Broken(_)) => SLOWER,
        Some(Verdict::Better) => FASTER,
        Some(Verdict::Same) => CANDIDATE,
        Some(Verdict::Inconclusive(_) | Verdict::Unmeasured(_)) | None => BASE,
    }
}

/// A name without its middle where it is long: what tells cases apart stands at the end.
fn short(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LETTERS {
        return name.to_owned();
    }
    let half = (LETTERS - 1) / 2;
    let begin = letters.iter().take(half);
    let end = letters.iter().skip(letters.len() - (LETTERS - 1 - half));
    begin.chain(&['…']).chain(end).collect()
}
