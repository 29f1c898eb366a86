use super::Leak;

/// What a database testifies after the work.
pub struct Evidence {
    pub(super) leaks: Vec<Leak>,
    pub(super) unwatched: Vec<&'static str>,
}
