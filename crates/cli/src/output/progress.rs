use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

use super::{shown, tell};

/// How far a command has come.
pub enum Progress {
    /// A bar with rate and remaining time, on a terminal.
    Bar(ProgressBar),
    /// Plain lines on stderr, elsewhere.
    Lines,
    /// Only what has failed.
    Quiet,
}

/// In a narrower terminal the bar would have no room beside the figures, and each of its lines would wrap.
const NARROW: u16 = 60;

impl Progress {
    pub fn new(is_quiet: bool) -> Self {
        match stderr().is_terminal() {
            _ if is_quiet => Self::Quiet,
            false => Self::Lines,
            true => {
                let is_narrow = terminal_size_of(stderr()).is_some_and(|(Width(width), _)| width < NARROW);
                let style = match is_narrow {
                    true => "{pos}/{len}, {eta} left",
                    false => "{wide_bar} {pos}/{len} tenants, {per_sec}, {eta} left",
                };
                let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
                Self::Bar(ProgressBar::no_length().with_style(style))
            }
        }
    }

    /// Sets the number of tenants.
    pub fn begin(&self, tenants: usize) {
        if let Self::Bar(bar) = self {
            bar.set_length(tenants as u64);
        }
    }

    /// One tenant is done. On a terminal, and where it is quiet, the line is printed only if it is notable.
    pub fn tenant(&self, line: &str, is_notable: bool) {
        match self {
            Self::Bar(bar) => {
                if is_notable {
                    bar.println(shown(line));
                }
                bar.inc(1);
            }
            Self::Quiet if !is_notable => {}
            Self::Lines | Self::Quiet => tell!("{line}"),
        }
    }

    /// One tenant is done, without a line.
    pub fn done(&self) {
        if let Self::Bar(bar) = self {
            bar.inc(1);
        }
    }

    /// Something else is done.
    pub fn note(&self, line: &str) {
        match self {
            Self::Bar(bar) => bar.println(shown(line)),
            Self::Lines => tell!("{line}"),
            Self::Quiet => {}
        }
    }

    /// Prints something to stdout, with the bar out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        match self {
            Self::Bar(bar) => bar.suspend(print),
            Self::Lines | Self::Quiet => print(),
        }
    }

    /// Removes the bar.
    pub fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
