//! Plots that are read on a light page and on a dark one.

use std::fmt::Write as _;

const WIDTH: u32 = 720;
const MARGIN: u32 = 20;
/// Above the plot: a title and a line below it.
const HEAD: u32 = 64;
/// Between the head and the topmost label of an axis, which would else read as a line of the head.
const AXIS: u32 = 12;
const ROW: u32 = 28;
/// Of what stands beside the plot, at least.
const LABEL: u32 = 230;
/// Of a letter of a label, in the widest of the fonts.
const LETTER: u32 = 8;

const STYLE: &str = "\
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 } .small { fill: #59636e }
.page { fill: #fff; stroke: #d1d9e0 } .grid { stroke: #d1d9e0 }
.ours { fill: #0969da; stroke: #0969da } .peer { fill: #9aa4af; stroke: #9aa4af }
.floor { fill: #d7dde3; stroke: #59636e } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .small { fill: #9198a1 }
.page { fill: #0d1117; stroke: #3d444d } .grid { stroke: #3d444d }
.ours { fill: #4493f8; stroke: #4493f8 } .peer { fill: #6e7681; stroke: #6e7681 }
.floor { fill: #262c36; stroke: #9198a1 } .line { fill: none }
}";

/// Whose figure it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Lokstra's.
    Ours,
    /// Of another tool.
    Peer,
    /// The least that any tool can take.
    Floor,
}

impl Whose {
    fn class(self) -> &'static str {
        match self {
            Whose::Ours => "ours",
            Whose::Peer => "peer",
            Whose::Floor => "floor",
        }
    }
}

/// A row of a plot of bars.
pub struct Bar {
    /// Before the bar.
    pub label: String,
    /// Its length; positive.
    pub value: f64,
    /// Behind the bar.
    pub text: String,
    /// Its colour.
    pub whose: Whose,
}

/// Bars from 0, in the given order.
pub fn bars(title: &str, below: &str, bars: &[Bar]) -> String {
    let rows = u32::try_from(bars.len()).unwrap_or_default();
    let mut svg = begin(title, below, HEAD + rows * ROW + MARGIN / 2);
    let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let label = LABEL.max(MARGIN + room_of(bars.iter().map(|bar| &bar.label))).min(WIDTH / 2);
    let room = f64::from(WIDTH - label - MARGIN - 150);
    for (nth, bar) in (0..).zip(bars) {
        let top = HEAD + nth * ROW;
        let (width, middle) = ((room * bar.value / longest).max(1.0), top + 16);
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\n\
             <rect class=\"{}\" x=\"{label}\" y=\"{}\" width=\"{width:.1}\" height=\"18\"/>\n\
             <text x=\"{:.1}\" y=\"{middle}\">{}</text>",
            label - 8,
            escaped(&bar.label),
            bar.whose.class(),
            top + 2,
            f64::from(label) + width + 8.0,
            escaped(&bar.text)
        );
    }
    svg + "</svg>\n"
}

/// What the longest of these takes, with the space between it and the plot.
fn room_of<'l>(labels: impl Iterator<Item = &'l String>) -> u32 {
    let letters = labels.map(|label| label.chars().count()).max().unwrap_or_default();
    u32::try_from(letters).unwrap_or_default() * LETTER + 8
}

/// A line of a plot of lines.
pub struct Line {
    /// Behind its end.
    pub label: String,
    /// Both positive.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub whose: Whose,
}

/// Lines over two logarithmic axes.
pub fn lines(
    title: &str,
    below: &str,
    x_text: impl Fn(f64) -> String,
    y_text: impl Fn(f64) -> String,
    lines: &[Line],
) -> String {
    const HEIGHT: f64 = 220.0;
    let names = room_of(lines.iter().map(|line| &line.label));
    let (left, right) = (f64::from(MARGIN + 60), f64::from(WIDTH - 160.max(MARGIN + names)));
    let top = f64::from(HEAD + AXIS);
    let bottom = top + HEIGHT;
    let points = || lines.iter().flat_map(|line| &line.points);
    let decades = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value.log10().floor()), high.max(value.log10().ceil()))
        })
    };
    let (x_low, x_high) = decades(&mut points().map(|point| point.0));
    let (y_low, y_high) = decades(&mut points().map(|point| point.1));
    let x = |value: f64| left + (value.log10() - x_low) / (x_high - x_low) * (right - left);
    let y = |value: f64| bottom - (value.log10() - y_low) / (y_high - y_low) * (bottom - top);
    let mut svg = begin(title, below, HEAD + AXIS + 270);
    for value in powers(y_low, y_high) {
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>\n\
             <text class=\"small\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 8.0,
            y(value) + 4.0,
            escaped(&y_text(value)),
            at = y(value)
        );
    }
    for value in powers(x_low, x_high) {
        let _ = writeln!(
            svg,
            "<text class=\"small\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(value),
            bottom + 22.0,
            escaped(&x_text(value))
        );
    }
    let mut sorted: Vec<_> = lines.iter().collect();
    let last = |line: &Line| line.points.last().map_or(bottom, |point| y(point.1));
    sorted.sort_by(|one, other| last(one).total_cmp(&last(other)));
    let mut free = top;
    for line in sorted {
        let path: Vec<_> = line
            .points
            .iter()
            .map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1)))
            .collect();
        // Lines that end close together have their names below each other.
        let at = free.max(last(line) + 4.0);
        free = at + 16.0;
        let _ = writeln!(
            svg,
            "<path class=\"{} line\" d=\"M{}\"/>\n<text x=\"{}\" y=\"{at:.1}\">{}</text>",
            line.whose.class(),
            path.join("L"),
            right + 8.0,
            escaped(&line.label)
        );
    }
    svg + "</svg>\n"
}

/// The powers of ten between two exponents.
fn powers(low: f64, high: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(low), |exponent| Some(exponent + 1.0))
        .take_while(move |exponent| *exponent <= high)
        .map(|exponent| 10f64.powf(exponent))
}

fn begin(title: &str, below: &str, height: u32) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<style>\n{STYLE}\n</style>\n\
         <rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n\
         <text class=\"title\" x=\"{MARGIN}\" y=\"28\">{title}</text>\n\
         <text class=\"small\" x=\"{MARGIN}\" y=\"48\">{below}</text>\n",
        WIDTH - 1,
        height - 1,
        title = escaped(title),
        below = escaped(below)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('`', "")
}

/// A number of things as a place in a plot.
#[expect(clippy::cast_precision_loss, reason = "a pixel of a plot")]
pub fn approximate(count: usize) -> f64 {
    count as f64
}

/// A mark of an axis as the number that it is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a power of ten")]
pub fn exact(power: f64) -> usize {
    power.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number behind this attribute of the line with this label.
    fn place(svg: &str, label: &str, attribute: &str) -> f64 {
        let line = svg.lines().find(|line| line.contains(&format!(">{label}</text>"))).unwrap();
        let value = line.rsplit(&format!(" {attribute}=\"")).next().unwrap();
        value.split('"').next().unwrap().parse().unwrap()
    }

    #[test]
    fn a_long_label_is_inside_of_the_page() {
        let label = "connect and read one row of the history";
        let width = f64::from(u32::try_from(label.len()).unwrap() * LETTER);
        let bar = Bar { label: label.into(), value: 1.0, text: "1".into(), whose: Whose::Floor };
        assert!(place(&bars("", "", &[bar]), label, "x") - width >= f64::from(MARGIN));
        let points = vec![(1.0, 1.0), (10.0, 10.0)];
        let line = Line { label: label.into(), points, whose: Whose::Floor };
        let svg = lines("", "", |x| x.to_string(), |y| y.to_string(), &[line]);
        assert!(place(&svg, label, "x") + width <= f64::from(WIDTH - MARGIN));
    }
}
