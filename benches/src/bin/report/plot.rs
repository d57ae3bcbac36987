//! Plots as SVG: bars against the floor, a curve, and percentiles.

use maud::{Markup, html};

const WIDTH: f64 = 720.0;
const LABELS: f64 = 250.0;
const LINE: f64 = 26.0;

/// Horizontal bars, each beside a mark for its target, on a common scale.
pub(crate) fn bars(values: &[(String, f64, Option<f64>)], unit: &str) -> Markup {
    let most =
        values.iter().flat_map(|(_, value, target)| [*value, target.unwrap_or(0.0)]).fold(0.0, f64::max);
    let scale = (WIDTH - LABELS - 70.0) / most.max(f64::MIN_POSITIVE);
    let height = values.len() as f64 * LINE + 8.0;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" {
            @for (index, (name, value, target)) in values.iter().enumerate() {
                @let y = index as f64 * LINE + 4.0;
                @let missed = target.is_some_and(|target| *value > target);
                text x="0" y=(y + 14.0) { (name) }
                rect class=(if missed { "missed" } else { "bar" }) x=(LABELS) y=(y) height="18" rx="3" width=(value * scale) {}
                @if let Some(target) = target {
                    @let x = LABELS + target * scale;
                    line class="target" x1=(x) x2=(x) y1=(y - 2.0) y2=(y + 20.0) {}
                }
                text class="value" x=(LABELS + value * scale + 6.0) y=(y + 14.0) { (format!("{value:.3}")) (unit) }
            }
        }
    }
}

/// Lines over a logarithmic horizontal axis, with a legend where there are several.
pub(crate) fn curve(lines: &[(&str, Vec<(f64, f64)>)], x_labels: &[(f64, String)], unit: &str) -> Markup {
    const HEIGHT: f64 = 250.0;
    const LEFT: f64 = 70.0;
    const RIGHT: f64 = WIDTH - 40.0;
    const TOP: f64 = 14.0;
    const BOTTOM: f64 = HEIGHT - 30.0;
    let points = || lines.iter().flat_map(|(_, points)| points);
    let left = points().map(|(x, _)| x.ln()).fold(f64::INFINITY, f64::min);
    let right = points().map(|(x, _)| x.ln()).fold(f64::NEG_INFINITY, f64::max);
    let step = round_step(points().map(|(_, y)| *y).fold(0.0, f64::max));
    let at_x = |x: f64| LEFT + (x.ln() - left) / (right - left).max(f64::MIN_POSITIVE) * (RIGHT - LEFT);
    let at_y = |y: f64| BOTTOM - (BOTTOM - TOP) * y / (step * STEPS);
    html! {
        @if lines.len() > 1 {
            p.legend { @for (index, (name, _)) in lines.iter().enumerate() {
                span class=(format!("swatch swatch{index}")) {} (name)
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
            @for (index, (_, points)) in lines.iter().enumerate() {
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
