//! What all pictures have in common: their size, their colours in light and dark, and the text of an SVG.

use std::fmt::Write;

/// A reader sees a picture at this width.
pub const WIDTH: u32 = 700;

/// The rules of all classes. In rustdoc a picture is a part of the page, and must not change anything else there: so each
/// rule is for what is in a picture.
const STYLE: &str = "
    text { font: 14px system-ui, sans-serif; fill: #24292f }
    .title { font-size: 16px; font-weight: 600 }
    .code { font: 11px ui-monospace, 'DejaVu Sans Mono', monospace; white-space: pre }
    .small { font-size: 12px; fill: #57606a }
    .end { text-anchor: end }
    .middle { text-anchor: middle }
    .page { fill: #ffffff }
    .box { fill: #f6f8fa; stroke: #d0d7de }
    .grid { stroke: #d0d7de }
    .arrow { stroke: #57606a; fill: none; stroke-width: 1.5 }
    .first { fill: #0550ae; stroke: #0550ae }
    .second { fill: #bc4c00; stroke: #bc4c00 }
    .third { fill: #6e7781; stroke: #6e7781 }
    text.first, text.second, text.third { stroke: none }
    tspan.first, tspan.second, tspan.third { stroke: none; font-weight: 600 }
    polyline { fill: none !important; stroke-width: 2.5 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .small { fill: #9198a1 }
      .page { fill: #0d1117 }
      .box { fill: #161b22; stroke: #3d444d }
      .grid { stroke: #3d444d }
      .arrow { stroke: #9198a1 }
      .first { fill: #79c0ff; stroke: #79c0ff }
      .second { fill: #ffa657; stroke: #ffa657 }
      .third { fill: #9198a1; stroke: #9198a1 }
    }
";

/// A picture that is being drawn.
pub struct Drawing {
    height: u32,
    description: String,
    parts: String,
}

impl Drawing {
    /// `description` is for those who can't see the picture.
    pub fn new(title: &str, description: &str, height: u32) -> Self {
        let mut drawing = Self {
            height,
            description: description.to_owned(),
            parts: String::new(),
        };
        drawing.text(20.0, 30.0, "title", title);
        drawing
    }

    pub fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        self.add(&format!(r#"<text x="{x:.0}" y="{y:.0}" class="{class}">{text}</text>"#));
    }

    /// A line of code, in which each of these words has a class.
    pub fn code(&mut self, x: f64, y: f64, code: &str, words: &[(&str, &str)]) {
        let mut text = escaped(code);
        for (word, class) in words {
            let word = escaped(word);
            text = text.replace(&word, &format!(r#"<tspan class="{class}">{word}</tspan>"#));
        }
        self.add(&format!(r#"<text x="{x:.0}" y="{y:.0}" class="code">{text}</text>"#));
    }

    pub fn rectangle(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.add(&format!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#
        ));
    }

    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.add(&format!(
            r#"<line class="{class}" x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"/>"#,
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line with a head, downwards.
    pub fn arrow(&mut self, x: f64, from: f64, to: f64) {
        self.add(&format!(
            r#"<path class="arrow" d="M{x:.0} {from:.0}V{to:.0}m-4 -5l4 5l4 -5"/>"#
        ));
    }

    pub fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.add(&format!(r#"<polyline class="{class}" points="{}"/>"#, points.join(" ")));
    }

    fn add(&mut self, part: &str) {
        writeln!(self.parts, "  {part}").expect("a string takes everything");
    }

    /// The picture's text.
    pub fn finish(self) -> String {
        let Self {
            height,
            description,
            parts,
        } = self;
        let description = escaped(&description);
        let style: String = STYLE.lines().map(within_pictures).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n  \
             <title>{description}</title>\n  <style>{style}\n  </style>\n  \
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n{parts}</svg>\n"
        )
    }
}

/// A line of the style, for what is in a picture only.
fn within_pictures(line: &str) -> String {
    let line = line.trim();
    match line.split_once(" {") {
        None if line.is_empty() => String::new(),
        Some((selectors, rule)) if !line.starts_with('@') => {
            let selectors: Vec<String> = selectors
                .split(", ")
                .map(|selector| format!(".picture {selector}"))
                .collect();
            format!("\n    {} {{{rule}", selectors.join(", "))
        }
        _ => format!("\n    {line}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
