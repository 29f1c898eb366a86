use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use super::{shown, tell};

/// How far a command has come: a bar with rate and remaining time on a terminal, plain lines on stderr otherwise.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new() -> Self {
        Self(stderr().is_terminal().then(|| {
            let style = "{wide_bar} {pos}/{len} tenants, {per_sec}, {eta} left";
            let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::no_length().with_style(style)
        }))
    }

    /// Sets the number of tenants.
    pub fn begin(&self, tenants: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(tenants as u64);
        }
    }

    /// One tenant is done. On a terminal, the line stays only if it is notable.
    pub fn tenant(&self, line: &str, is_notable: bool) {
        match &self.0 {
            Some(bar) => {
                if is_notable {
                    bar.println(shown(line));
                }
                bar.inc(1);
            }
            None => tell!("{line}"),
        }
    }

    /// One tenant is done, without a line.
    pub fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// Prints something to stdout, with the bar out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
