use std::fmt;

use crate::variants::with_all_variants;

with_all_variants! {
    /// A tenant's status. PostgreSQL keeps it as the comment on the tenant's version table, so that it comes and goes with
    /// the schema, in the same transaction; SQLite keeps it in a note in the tenant's file, MySQL in the table
    /// `__diesel_tenants`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum TenantStatus {
        /// Can be checked out.
        Active,
        /// Exists, and is migrated like all others, but is refused at checkout.
        Suspended,
        /// Made ahead of time, with no name of its own yet: for checkouts it doesn't exist.
        Spare,
        /// Dropped, but kept for a while under another name: for checkouts it doesn't exist.
        Archived,
        /// Being created or dropped, or left in that state by a crash: for checkouts it doesn't exist.
        Unfinished,
    }
    const ALL;
}

/// The beginning of every spare's name. No tenant's name may begin like this.
pub(crate) const SPARE_PREFIX: &str = "diesel-tenants spare ";

/// The beginning of every comment that this library writes on a version table.
pub(crate) const COMMENT_PREFIX: &str = "diesel-tenants: ";

/// The comment on the version table of an active tenant that the directory of *another* database placed here.
///
/// This database has no directory to ask. After a rename or a drop here, that directory would still have the old name,
/// and would send its requests to the next tenant that gets the name.
pub(crate) const PLACED: &str = "diesel-tenants: placed here by the directory of another database";

impl TenantStatus {
    /// Reads the status from the comment on the version table.
    pub(crate) fn of_comment(comment: Option<&str>) -> Self {
        if is_placed(comment) {
            return Self::Active;
        }
        // A comment that the application wrote itself says nothing about the status.
        let Some(status) = comment.and_then(|comment| comment.strip_prefix(COMMENT_PREFIX)) else {
            return Self::Active;
        };
        match Self::from_word(status) {
            Some(status @ (Self::Suspended | Self::Spare)) => status,
            _ if status.starts_with(Self::Archived.word()) => Self::Archived,
            // This includes comments of newer versions of this library, which this version can't judge: such a tenant
            // is not handed out.
            _ => Self::Unfinished,
        }
    }

    /// The comment as an SQL literal.
    pub(crate) fn comment(self) -> String {
        match self {
            Self::Active => "NULL".to_owned(),
            Self::Suspended | Self::Spare | Self::Archived => format!("'{COMMENT_PREFIX}{self}'"),
            Self::Unfinished => format!("'{COMMENT_PREFIX}creation {self}'"),
        }
    }

    /// The word for the status, as it stands in the directory's tables and in comments.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Spare => "spare",
            Self::Archived => "archived",
            Self::Unfinished => "unfinished",
        }
    }

    /// The status for which this is the word.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether a tenant with this status can be checked out, or could be if it weren't suspended.
    pub fn is_tenant(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }

    /// Whether migrations reach a tenant with this status.
    pub fn is_migrated(self) -> bool {
        matches!(self, Self::Active | Self::Suspended | Self::Spare)
    }
}

/// Whether a comment on a version table says that the directory of another database knows the tenant.
pub(crate) fn is_placed(comment: Option<&str>) -> bool {
    comment == Some(PLACED)
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_tells_the_status_that_wrote_it() {
        for status in TenantStatus::ALL {
            let literal = status.comment();
            let comment = literal.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
            assert_eq!(TenantStatus::of_comment(comment), status);
        }
    }

    #[test]
    fn what_a_newer_version_may_have_written_is_handed_to_nobody() {
        assert_eq!(
            TenantStatus::of_comment(Some("diesel-tenants: frozen")),
            TenantStatus::Unfinished
        );
    }

    #[test]
    fn a_tenant_that_another_database_placed_here_is_active() {
        assert!(is_placed(Some(PLACED)));
        assert_eq!(TenantStatus::of_comment(Some(PLACED)), TenantStatus::Active);
        assert!(!is_placed(None) && !is_placed(Some("diesel-tenants: suspended")));
    }

    #[test]
    fn anothers_comment_says_nothing() {
        assert_eq!(
            TenantStatus::of_comment(Some("by the diesel command")),
            TenantStatus::Active
        );
    }
}
