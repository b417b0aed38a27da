//! From places to the text of the picture.

use std::fmt::Write;

use super::super::shown::Shown;
use super::super::text::not_followed;
use super::boxes::{Box, HEAD, LETTER, MARGIN, ROW, width};
use super::place::{Picture, Placed};

/// Around the picture.
const EDGE: f64 = 20.0;
const TITLE: f64 = 34.0;
/// The colours of lines, in turn.
const COLOURS: usize = 8;

const STYLE: &str = "\
text{font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;white-space:pre}\
.t{font-size:15px;font-weight:bold}.h,.n{font-weight:bold}.y,.f,.m{fill:#59636e}.m{font-size:10px}\
.bg{fill:#fff}.b{fill:#fff;stroke:#8c959f}.u{stroke-dasharray:5 3}.d{fill:#e8ecf1}\
path{fill:none;stroke-width:1.4}\
.c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}.c3{stroke:#8250df}.c4{stroke:#bf3989}.c5{stroke:#0a7d8c}.c6{stroke:#9a6700}.c7{stroke:#57606a}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.y,.f,.m{fill:#9198a1}.bg{fill:#0d1117}.b{fill:#151b23;stroke:#6e7681}.d{fill:#2a313c}\
.c0{stroke:#4493f8}.c1{stroke:#f0883e}.c2{stroke:#3fb950}.c3{stroke:#ab7df8}.c4{stroke:#db61a2}.c5{stroke:#39c5cf}.c6{stroke:#d29922}.c7{stroke:#9198a1}}";

/// Writes the picture as SVG.
pub(super) fn picture(shown: &Shown<'_>, boxes: &[Box], picture: &Picture) -> String {
    let title = match shown.version {
        Some(version) => format!("{} at {version}", shown.database),
        None => shown.database.to_owned(),
    };
    let mut notes = vec!["PK primary key, FK foreign key, UK unique; bold: not null".to_owned()];
    if boxes.iter().any(|it| it.is_uncertain) {
        notes.push("dashed: may be different".to_owned());
    }
    notes.extend(shown.schema.not_followed.iter().take(10).map(not_followed));
    match shown.schema.not_followed.len() {
        0..=10 => {}
        more => notes.push(format!("… and {} more statements", more - 10)),
    }
    let widest = notes.iter().chain([&title]).map(|it| width(it)).max().unwrap_or_default();
    let whole_width = picture.width.max(widest as f64 * LETTER) + 2.0 * EDGE;
    let top = EDGE + TITLE;
    let foot = top + picture.height + 30.0;
    let whole_height = foot + ROW * notes.len() as f64;
    let (w, h) = (whole_width.ceil(), whole_height.ceil());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n<rect class=\"bg\" width=\"{w}\" height=\"{h}\"/>",
        title = escaped(&title)
    );
    text(&mut svg, "t", (EDGE, EDGE + 14.0), &title);
    let moved = |at: (f64, f64)| (at.0 + EDGE, at.1 + top);
    let mut order: Vec<usize> = picture.lines.iter().map(|it| it.0).collect();
    order.sort_unstable();
    order.dedup();
    for (nth, parent) in order.iter().enumerate() {
        let mut path = String::new();
        for (_, line) in picture.lines.iter().filter(|it| it.0 == *parent) {
            let ((x1, y1), (x2, y2)) = (moved(line.from), moved(line.to));
            let to = if y1.to_bits() == y2.to_bits() { format!("H{x2}") } else { format!("V{y2}") };
            write!(path, "M{x1} {y1}{to}").unwrap_or_default();
        }
        for (_, end) in picture.ends.iter().filter(|it| it.0 == *parent) {
            let (x, y) = moved(end.at);
            // Into the box or out of it.
            let out = if end.is_rightward { -1.0 } else { 1.0 };
            if end.is_parent {
                let back = x + 7.0 * out;
                write!(path, "M{back} {}L{x} {y}L{back} {}", y - 4.0, y + 4.0).unwrap_or_default();
            } else {
                // Many rows of the child.
                let tip = x + 8.0 * out;
                write!(path, "M{x} {}L{tip} {y}L{x} {}", y - 4.0, y + 4.0).unwrap_or_default();
            }
        }
        let colour = nth % COLOURS;
        write!(svg, "\n<path class=\"c{colour}\" d=\"{path}\"/>").unwrap_or_default();
    }
    for placed in &picture.boxes {
        table(&mut svg, &boxes[placed.nth], placed, moved(placed.at));
    }
    for (nth, note) in notes.iter().enumerate() {
        text(&mut svg, "f", (EDGE, foot + ROW * nth as f64), note);
    }
    svg + "\n</svg>"
}

fn table(svg: &mut String, it: &Box, placed: &Placed, (x, y): (f64, f64)) {
    let (w, h) = (placed.width, it.height);
    let dashed = if it.is_uncertain { " u" } else { "" };
    write!(
        svg,
        "\n<g><rect class=\"b{dashed}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"4\"/>\
         <rect class=\"d\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
        x + 1.0,
        y + 1.0,
        w - 2.0,
        HEAD - 3.0,
    )
    .unwrap_or_default();
    text(svg, "h", (x + MARGIN, y + 17.0), &it.title);
    for (nth, row) in it.rows.iter().enumerate() {
        let base = y + HEAD + ROW * nth as f64 + 13.0;
        if !row.marks.is_empty() {
            text(svg, "m", (x + MARGIN, base), &row.marks);
        }
        let class = if row.is_not_null { "n" } else { "p" };
        text(svg, class, (x + MARGIN + it.marks, base), &row.name);
        let left = x + w - MARGIN - width(&row.ty) as f64 * LETTER;
        text(svg, "y", (left, base), &row.ty);
    }
    for (nth, note) in it.notes.iter().enumerate() {
        let base = y + HEAD + ROW * (it.rows.len() + nth) as f64 + 13.0;
        text(svg, "f", (x + MARGIN, base), note);
    }
    svg.push_str("</g>");
}

fn text(svg: &mut String, class: &str, (x, y): (f64, f64), text: &str) {
    let text = escaped(text);
    write!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>").unwrap_or_default();
}

/// A text as XML has it.
fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
