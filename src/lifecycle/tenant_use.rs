//! Sessions that keep an operation from a tenant.

use std::fmt;

/// A session that has locks on a tenant's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TenantUse {
    /// The server process, as in `pg_stat_activity`; `None` for a transaction prepared for two-phase commit, which
    /// `pg_prepared_xacts` lists.
    pub process: Option<i32>,
    /// The session's `application_name`, which may be empty.
    pub application: String,
    /// The session's user, if the server tells it.
    pub user: String,
}

impl TenantUse {
    pub(super) fn list(uses: &[Self]) -> String {
        match uses {
            [] => "somebody".to_owned(),
            uses => uses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }
}

impl fmt::Display for TenantUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(process) = self.process else {
            return f.write_str("a prepared transaction");
        };
        write!(f, "process {process}")?;
        if !self.application.is_empty() {
            write!(f, " ({:?})", self.application)?;
        }
        if !self.user.is_empty() {
            write!(f, " of user {:?}", self.user)?;
        }
        Ok(())
    }
}
