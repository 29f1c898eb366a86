use std::fmt;

use serde::Serialize;

use super::catalog::some;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Fine,
    Warning,
    Problem,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        })
    }
}

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub severity: Severity,
    pub found: String,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

impl Finding {
    pub fn fine(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            severity: Severity::Fine,
            found: found.into(),
            advice: None,
        }
    }

    pub fn warning(check: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self {
            check,
            severity: Severity::Warning,
            found: found.into(),
            advice: Some(advice),
        }
    }

    pub fn problem(check: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self {
            severity: Severity::Problem,
            ..Self::warning(check, found, advice)
        }
    }
}

/// What can be wrong with named objects: a query for their names, and what to do.
pub struct Check {
    pub name: &'static str,
    pub sql: &'static str,
    pub is_problem: bool,
    pub advice: &'static str,
}

impl Check {
    /// What it says when its query found these names.
    pub fn finding(&self, names: &[String]) -> Finding {
        match some(names) {
            None => Finding::fine(self.name, "none"),
            Some(found) if self.is_problem => Finding::problem(self.name, found, self.advice),
            Some(found) => Finding::warning(self.name, found, self.advice),
        }
    }
}
