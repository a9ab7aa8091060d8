//! Samples of the last minutes in, the paths of a small chart out.

use askama::Template;

/// Width of the drawing, in its own units.
const WIDTH: f64 = 120.0;
/// Height of the drawing; half a unit stays free above and below for the line's own width.
const HEIGHT: f64 = 28.0;

/// A small chart. It has no style attributes: a strict content security policy forbids them.
#[derive(Clone, Debug, Default, PartialEq, Template)]
#[template(path = "part/spark.html")]
pub struct Spark {
    /// The line, as the `d` of a path; gaps where nothing is known.
    pub line: String,
    /// What is below the line.
    pub area: String,
    /// The same in words.
    pub label: String,
}

impl askama::filters::HtmlSafe for Spark {}

impl Spark {
    /// Draws `samples`, oldest first, from zero up to their highest. `what` begins the label,
    /// `print` writes a number.
    #[must_use]
    pub fn new(samples: &[Option<f64>], what: &str, print: impl Fn(f64) -> String) -> Self {
        let known = || samples.iter().flatten().copied().filter(|sample| sample.is_finite());
        let Some(last) = known().next_back() else {
            return Self { label: format!("{what}: nothing known yet"), ..Self::default() };
        };
        let lowest = known().fold(f64::INFINITY, f64::min);
        let highest = known().fold(f64::NEG_INFINITY, f64::max);
        let label = format!(
            "{what}: now {}, lowest {}, highest {}",
            print(last),
            print(lowest),
            print(highest)
        );
        let (line, area) = paths(samples, highest);
        Self { line, area, label }
    }
}

fn paths(samples: &[Option<f64>], highest: f64) -> (String, String) {
    let scale = if highest > 0.0 { (HEIGHT - 2.0) / highest } else { 0.0 };
    let step = WIDTH / f64::from(u16::try_from(samples.len().max(2) - 1).unwrap_or(u16::MAX));
    let (mut line, mut area) = (String::new(), String::new());
    // Where the piece of line that is being drawn began.
    let mut begun: Option<f64> = None;
    let mut x = 0.0;
    let close = |area: &mut String, begun: Option<f64>, x: f64| {
        if let Some(first) = begun {
            area.push_str(&format!("L{:.1} {HEIGHT}L{first:.1} {HEIGHT}Z", x - step));
        }
    };
    for sample in samples {
        if let Some(sample) = sample.filter(|sample| sample.is_finite()) {
            let y = HEIGHT - 1.0 - sample.max(0.0) * scale;
            let pen = if begun.is_some() { 'L' } else { 'M' };
            let point = format!("{pen}{x:.1} {y:.1}");
            line.push_str(&point);
            area.push_str(&point);
            begun = begun.or(Some(x));
        } else {
            close(&mut area, begun.take(), x);
        }
        x += step;
    }
    close(&mut area, begun, x);
    (line, area)
}

#[cfg(test)]
mod tests;
