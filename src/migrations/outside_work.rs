use std::fmt;

/// What a tenant's migration creates, alters or drops outside the tenant's schema: under a name with another schema, as
/// an object of the whole database or server, or where the migration's own search_path leads. Functions that the
/// migration creates are reported too if they [leave something on the caller's session](super::left_on_session), where
/// the next tenant would find it.
///
/// Rows are not reported (`INSERT INTO public.plans`), nor is anything that a called function does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct OutsideWork {
    /// The migration's name: version and title.
    pub migration: String,
    /// The beginning of each statement, up to the name: `CREATE TABLE public.accounts`.
    pub statements: Vec<String>,
}

impl fmt::Display for OutsideWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "migration {}: {}", self.migration, self.statements.join("; "))
    }
}
