//! Plots as SVG: bars against the floor, a curve, and percentiles.

use maud::{Markup, html};

use crate::figure::Curve;

const WIDTH: f64 = 860.0;
/// Widths of the names and of the figures beside the bars.
const LABELS: f64 = 310.0;
const VALUES: f64 = 60.0;
/// Height of a bar and the space below it.
const LINE: f64 = 23.0;

/// One line of a bar chart.
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    pub(crate) target: Option<f64>,
}

/// Horizontal bars, each beside a mark for its target, on a common scale that ends at `most` at the latest.
pub(crate) fn bars(bars: &[Bar<'_>], most: f64) -> Markup {
    let longest = bars.iter().flat_map(|bar| [bar.value, bar.target.unwrap_or(0.0)]).fold(0.0, f64::max);
    let longest = longest.min(most).max(f64::MIN_POSITIVE);
    let at = |value: f64| LABELS + (WIDTH - LABELS - VALUES) * (value / longest).min(1.0);
    let height = bars.len() as f64 * LINE + 8.0;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            @for (index, Bar { name, value, target }) in bars.iter().enumerate() {
                @let y = index as f64 * LINE + 4.0;
                @let missed = target.is_some_and(|target| *value > target);
                text x="0" y=(y + 13.0) { (name) }
                rect class=(if missed { "missed" } else { "bar" }) x=(LABELS) y=(y) height="16" rx="3" width=(at(*value) - LABELS) {}
                @if let Some(target) = target {
                    line class="target" x1=(at(*target)) x2=(at(*target)) y1=(y - 2.0) y2=(y + 18.0) {}
                }
                // Right of the mark as well, which would cross it out.
                text class="value" x=(at(value.max(target.unwrap_or(0.0))) + 6.0) y=(y + 13.0) { (format!("{value:.3}")) }
            }
        }
    }
}

/// Lines over a logarithmic horizontal axis, with a legend where there are several.
pub(crate) fn curve(lines: &[Curve], x_labels: &[(f64, String)], unit: &str) -> Markup {
    const HEIGHT: f64 = 250.0;
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = WIDTH - 40.0;
    const TOP: f64 = 14.0;
    const BOTTOM: f64 = HEIGHT - 30.0;
    let points = || lines.iter().flat_map(|line| &line.points);
    let left = points().map(|(x, _)| x.ln()).fold(f64::INFINITY, f64::min);
    let right = points().map(|(x, _)| x.ln()).fold(f64::NEG_INFINITY, f64::max);
    let step = round_step(points().map(|(_, y)| *y).fold(0.0, f64::max));
    let at_x = |x: f64| LEFT + (x.ln() - left) / (right - left).max(f64::MIN_POSITIVE) * (RIGHT - LEFT);
    let at_y = |y: f64| BOTTOM - (BOTTOM - TOP) * y / (step * STEPS);
    html! {
        @if lines.len() > 1 {
            p.legend { @for (index, line) in lines.iter().enumerate() {
                span class=(format!("swatch swatch{index}")) {} (line.name)
            } }
        }
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            @for part in 0..=4_u32 {
                @let value = step * f64::from(part);
                line class="grid" x1=(LEFT) x2=(RIGHT) y1=(at_y(value)) y2=(at_y(value)) {}
                text class="value" x=(LEFT - 10.0) y=(at_y(value) + 4.0) text-anchor="end" { (value) (unit) }
            }
            @for (x, label) in x_labels {
                text class="value" x=(at_x(*x)) y=(HEIGHT - 8.0) text-anchor="middle" { (label) }
            }
            @for (index, Curve { points, .. }) in lines.iter().enumerate() {
                @let path: Vec<String> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y))).collect();
                polyline class=(format!("line line{index}")) points=(path.join(" ")) {}
                @for (x, y) in points {
                    circle class=(format!("dot dot{index}")) cx=(at_x(*x)) cy=(at_y(*y)) r="3" {}
                }
            }
        }
    }
}

/// Parts of the vertical axis.
const STEPS: f64 = 4.0;

/// The smallest step of 1, 2, 2.5 or 5 times a power of ten with which the axis reaches this value.
fn round_step(most: f64) -> f64 {
    let least = (most / STEPS).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0].map(|factor| factor * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(10.0 * power)
}
