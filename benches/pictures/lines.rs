//! A chart of lines.

use crate::drawing::{Drawing, WIDTH};

pub struct Chart {
    pub title: &'static str,
    pub description: &'static str,
    /// What the axes show.
    pub x: &'static str,
    pub y: &'static str,
    pub series: Vec<Series>,
}

/// A line: its class, and what stands beside it.
pub struct Series {
    pub class: &'static str,
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH as f64 - 170.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = HEIGHT - 60.0;

impl Chart {
    pub fn draw(&self) -> String {
        let Self {
            title,
            description,
            x,
            y,
            series,
        } = self;
        let points = || series.iter().flat_map(|series| &series.points);
        let (x_step, x_end) = scale(points().map(|point| point.0).fold(0.0, f64::max));
        let (y_step, y_end) = scale(points().map(|point| point.1).fold(0.0, f64::max));
        let at = |(x, y): (f64, f64)| {
            let (x, y) = (x / x_end, y / y_end);
            (LEFT + x * (RIGHT - LEFT), BOTTOM - y * (BOTTOM - TOP))
        };
        let mut drawing = Drawing::new(title, description, HEIGHT as u32);
        drawing.text(20.0, 54.0, "small", y);
        drawing.text((LEFT + RIGHT) / 2.0, BOTTOM + 45.0, "small middle", x);
        for tick in ticks(y_step, y_end) {
            let (_, height) = at((0.0, tick));
            drawing.line("grid", (LEFT, height), (RIGHT, height));
            drawing.text(LEFT - 8.0, height + 4.0, "small end", &number(tick));
        }
        for tick in ticks(x_step, x_end) {
            drawing.text(at((tick, 0.0)).0, BOTTOM + 20.0, "small middle", &number(tick));
        }
        for Series { class, name, points } in series {
            let points: Vec<(f64, f64)> = points.iter().map(|point| at(*point)).collect();
            let (x, y) = points[points.len() - 1];
            drawing.polyline(class, &points);
            // Two lines of text: the name may be long.
            for (line, text) in name.split('\n').enumerate() {
                drawing.text(x + 8.0, y + 4.0 + 16.0 * line as f64, class, text);
            }
        }
        drawing.finish()
    }
}

/// The distance of an axis' marks, and where the axis ends.
fn scale(largest: f64) -> (f64, f64) {
    let magnitude = 10_f64.powf((largest / 4.0).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * magnitude);
    let step = step.into_iter().find(|step| largest / step <= 5.0).unwrap_or(largest);
    (step, step * (largest / step).ceil())
}

fn ticks(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..)
        .map(move |tick| f64::from(tick) * step)
        .take_while(move |tick| *tick <= end * 1.001)
}

fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.split_at_checked(text.len().saturating_sub(3)) {
        Some((thousands, rest)) if value >= 1000.0 => format!("{thousands},{rest}"),
        _ => text.to_owned(),
    }
}
