//! A chart of bars, each of several parts.

use crate::drawing::{Drawing, WIDTH};

pub struct Chart {
    pub title: &'static str,
    pub description: &'static str,
    /// The unit of the values.
    pub unit: &'static str,
    /// The parts of each bar: a class, and what it is.
    pub parts: Vec<(&'static str, &'static str)>,
    /// Each bar's name, and its parts.
    pub bars: Vec<(&'static str, Vec<f64>)>,
}

const LEFT: f64 = 190.0;
const RIGHT: f64 = WIDTH as f64 - 100.0;
const TOP: f64 = 80.0;
const DISTANCE: f64 = 50.0;
const THICKNESS: f64 = 26.0;

impl Chart {
    pub fn draw(&self) -> String {
        let Self {
            title,
            description,
            unit,
            parts,
            bars,
        } = self;
        let height = TOP + DISTANCE * bars.len() as f64 + 10.0;
        let mut drawing = Drawing::new(title, description, height as u32);
        let mut x = 20.0;
        for (class, name) in parts {
            drawing.rectangle(class, x, 47.0, 12.0, 12.0);
            drawing.text(x + 18.0, 58.0, "", name);
            x += 40.0 + 7.2 * name.chars().count() as f64;
        }
        let whole = |values: &[f64]| values.iter().sum::<f64>();
        let longest = bars.iter().map(|(_, values)| whole(values)).fold(0.0, f64::max);
        for (bar, (name, values)) in bars.iter().enumerate() {
            let y = TOP + DISTANCE * bar as f64;
            drawing.text(LEFT - 10.0, y + 18.0, "end", name);
            let mut x = LEFT;
            for (value, (class, _)) in values.iter().zip(parts) {
                let width = value / longest * (RIGHT - LEFT);
                drawing.rectangle(class, x, y, width, THICKNESS);
                x += width;
            }
            drawing.text(x + 8.0, y + 18.0, "", &format!("{:.0} {unit}", whole(values)));
        }
        drawing.finish()
    }
}
