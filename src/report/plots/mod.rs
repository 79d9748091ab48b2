//! Plots as SVG, drawn by plotters.
//!
//! Each is a picture of 480 pixels in width whose text is legible where a telephone shows it at two thirds of
//! that. It has a title and a description for whoever cannot see it, and no colour that the style sheet does
//! not know: see `palette`.

mod axis;
mod gaps;
mod night;
mod over_time;
mod palette;

use std::fmt::Write;
use std::io;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::SVGBackend;
use plotters::style::{Color, IntoFont, ShapeStyle, TRANSPARENT, TextStyle};

pub(super) use gaps::gaps;
pub(super) use night::changes;
pub(super) use over_time::{memory, speed, trend};
pub(super) use palette::{dark_rules, dark_variables, light_variables};

use axis::Axis;
use palette::{AXIS, GRID, INK, Role};

/// Plotters counts in whole pixels, which would show in a line through hundreds of nights: everything is
/// drawn ten times as large, and shown at a tenth.
const SCALE: u32 = 10;
/// The width of a plot in pixels.
const WIDTH: u32 = 480;
/// The height of one that is not as high as its rows.
const HEIGHT: u32 = 230;
/// The size of text in pixels.
const TEXT: u32 = 13;
/// The width of a letter in pixels, rather more than less.
const LETTER: u32 = 8;
/// Room for the marks below.
const BELOW: u32 = 24;
/// The length of the strokes between a scale and its marks, in pixels.
const STROKE: u32 = 4;

/// What can go wrong while a plot is drawn.
pub(super) type DrawingError = DrawingAreaErrorKind<io::Error>;
type Drawn<T = ()> = Result<T, DrawingError>;
type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// A plot's words, for whoever cannot see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// Its identifier in the page, which no other element has.
    pub(super) id: String,
    /// What it is.
    pub(super) title: String,
    /// What it shows.
    pub(super) description: String,
}

/// Draws a plot of this height in pixels.
fn svg(label: &Label, height: u32, draw: impl FnOnce(&Canvas<'_>) -> Drawn) -> Drawn<String> {
    let (width, height) = (WIDTH * SCALE, height * SCALE);
    let mut drawn = String::new();
    let canvas = SVGBackend::with_string(&mut drawn, (width, height)).into_drawing_area();
    draw(&canvas)?;
    canvas.present()?;
    drop(canvas);
    // Its first tag gives way to ours. What is said of every shape, and means nothing, is a quarter of all.
    let (_, shapes) = drawn.split_once('>').unwrap_or_default();
    let shapes = shapes
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "");
    let Label {
        id,
        title,
        description,
    } = label;
    let (title, description) = (escaped(title), escaped(description));
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-text\">\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-text\">{description}</desc>{shapes}"
    );
    Ok(text)
}

fn escaped(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('>', "&gt;")
}

/// Scales with their marks. Marks of the lower one stand below it, those of the other to the left of lines
/// through the whole plot.
fn chart<'a, 'b>(canvas: &'a Canvas<'b>, across: Axis, up: Axis) -> Drawn<Chart<'a, 'b>> {
    let letters = u32::try_from(up.letters()).unwrap_or(0);
    let mut chart = ChartBuilder::on(canvas)
        .margin_top(18 * SCALE)
        .margin_right(10 * SCALE)
        .margin_bottom(2 * SCALE)
        .x_label_area_size(BELOW * SCALE)
        .y_label_area_size((letters * LETTER + 3 * STROKE) * SCALE)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(line(GRID, 1.0))
        .light_line_style(TRANSPARENT)
        .axis_style(line(AXIS, 1.0))
        .set_all_tick_mark_size(STROKE * SCALE)
        .label_style(text())
        .draw()?;
    Ok(chart)
}

/// How text is written.
fn text() -> TextStyle<'static> {
    // Plotters' size is that of the line, of which its SVG takes a part.
    let size = f64::from(TEXT * SCALE) * 1.24;
    ("sans-serif", size).into_font().color(&INK.color())
}

/// A line so many pixels wide.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few pixels"
)]
fn line(role: Role, width: f64) -> ShapeStyle {
    let width = (width * f64::from(SCALE)).round() as u32;
    role.color().stroke_width(width)
}

/// A line through these places.
fn path(places: Vec<(f64, f64)>, role: Role, width: f64) -> PathElement<(f64, f64)> {
    PathElement::new(places, line(role, width))
}

/// An area within these places.
fn area(places: Vec<(f64, f64)>, role: Role) -> Polygon<(f64, f64)> {
    Polygon::new(places, role.color().filled())
}

/// A rectangle from one corner to the other.
fn rectangle(from: (f64, f64), to: (f64, f64), role: Role) -> Rectangle<(f64, f64)> {
    Rectangle::new([from, to], role.color().filled())
}

/// A dot so many tenths of a pixel in radius.
fn dot(at: (f64, f64), role: Role, radius: u32) -> Circle<(f64, f64), u32> {
    Circle::new(at, radius, role.color().filled())
}
