use std::fmt;

use super::Leak;
use crate::SchemaName;

/// What an audit found.
#[derive(Debug)]
#[must_use = "a report says nothing until `assert_isolated` or `leaks` is called"]
pub struct Report<T> {
    pub(super) tenant: SchemaName,
    pub(super) leaks: Vec<Leak>,
    pub(super) unwatched: Vec<&'static str>,
    pub(super) output: T,
}

impl<T> Report<T> {
    /// Returns what the work returned.
    ///
    /// # Panics
    ///
    /// If the work reached anything that isn't the tenant's. The message names the tables, the statements, and the
    /// places in the application's code.
    #[track_caller]
    pub fn assert_isolated(self) -> T {
        assert!(self.leaks.is_empty(), "{self}");
        self.output
    }

    /// What the work reached that isn't the tenant's.
    pub fn leaks(&self) -> &[Leak] {
        &self.leaks
    }

    /// What this database can't testify to under this role, besides what no database can
    /// ([the list](crate::testing::isolation#what-postgresql-testifies)).
    pub fn unwatched(&self) -> &[&'static str] {
        &self.unwatched
    }

    /// What the work returned.
    pub fn output(&self) -> &T {
        &self.output
    }

    /// What the work returned, whatever was found.
    pub fn into_output(self) -> T {
        self.output
    }
}

impl<T> fmt::Display for Report<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tenant,
            leaks,
            unwatched,
            output: _,
        } = self;
        match leaks.is_empty() {
            true => write!(
                f,
                "the work of tenant {tenant:?} reached nothing of other tenants",
                tenant = tenant.as_str()
            )?,
            false => write!(
                f,
                "the work of tenant {tenant:?} reached what isn't its own:",
                tenant = tenant.as_str()
            )?,
        }
        for (number, leak) in (1..).zip(leaks) {
            write!(f, "\n{number}. {leak}")?;
        }
        for unwatched in unwatched {
            write!(f, "\nNot watched: {unwatched}")?;
        }
        Ok(())
    }
}
