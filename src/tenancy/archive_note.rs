//! What the comment on an archived tenant's version table says.

use diesel_tenants_translate::quote::literal;

use super::{TenantStatus, status::COMMENT_PREFIX};
use crate::SchemaName;

/// Before the note of an archive that is being dropped: it counts as [unfinished](TenantStatus::Unfinished).
const DROPPING: &str = "dropping ";

/// Which tenant's schema an archive was, and since when it is an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveNote {
    /// Seconds since 1970.
    pub(crate) since: u64,
    /// Whether the tenant is suspended when it is restored.
    pub(crate) suspended: bool,
    pub(crate) tenant: SchemaName,
    /// Whether dropping the archive has begun.
    pub(crate) dropping: bool,
}

impl ArchiveNote {
    pub(crate) fn of_comment(comment: &str) -> Option<Self> {
        let note = comment.strip_prefix(COMMENT_PREFIX)?;
        let (dropping, note) = match note.strip_prefix(DROPPING) {
            Some(note) => (true, note),
            None => (false, note),
        };
        // The name comes last: it may hold spaces.
        let mut words = note.splitn(4, ' ');
        if words.next()? != TenantStatus::Archived.word() {
            return None;
        }
        let since = words.next()?.parse().ok()?;
        let suspended = match TenantStatus::from_word(words.next()?)? {
            TenantStatus::Active => false,
            TenantStatus::Suspended => true,
            _ => return None,
        };
        let tenant = SchemaName::new(words.next()?).ok()?;
        Some(Self {
            since,
            suspended,
            tenant,
            dropping,
        })
    }

    /// A pattern of `LIKE` that all these comments match.
    pub(crate) fn pattern() -> String {
        format!("{COMMENT_PREFIX}%{} %", TenantStatus::Archived)
    }

    /// The comment as an SQL literal, written for `standard_conforming_strings = on`, which every connection has.
    pub(crate) fn comment(&self) -> String {
        let Self {
            since,
            suspended: _,
            tenant,
            dropping,
        } = self;
        let dropping = if *dropping { DROPPING } else { "" };
        let archived = TenantStatus::Archived;
        let status = self.status();
        literal(&format!(
            "{COMMENT_PREFIX}{dropping}{archived} {since} {status} {}",
            tenant.as_str()
        ))
    }

    /// The status that the tenant gets when it is restored.
    pub(crate) fn status(&self) -> TenantStatus {
        if self.suspended {
            TenantStatus::Suspended
        } else {
            TenantStatus::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written() {
        for tenant in ["client1", "It's a \"name\" \\ of 3 words", "'", " "] {
            for (suspended, dropping) in [(false, false), (true, false), (false, true)] {
                let note = ArchiveNote {
                    since: 1_795_271_234,
                    suspended,
                    tenant: SchemaName::new(tenant).unwrap(),
                    dropping,
                };
                let literal = note.comment();
                let comment = literal[1..literal.len() - 1].replace("''", "'");
                assert_eq!(ArchiveNote::of_comment(&comment), Some(note));
                let status = if dropping {
                    TenantStatus::Unfinished
                } else {
                    TenantStatus::Archived
                };
                assert_eq!(TenantStatus::of_comment(Some(&comment)), status);
            }
        }
    }

    #[test]
    fn what_is_no_note_is_none() {
        for comment in [
            "",
            "diesel-tenants: archived",
            "diesel-tenants: archived 5 frozen a",
            "diesel-tenants: archived 5 active ",
        ] {
            assert_eq!(ArchiveNote::of_comment(comment), None, "{comment:?}");
        }
    }
}
