//! The kinds of objects that have a definition.

use crate::variants::with_all_variants;

with_all_variants! {
    /// In the order in which they are made: a table's default can be the next number of a sequence.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(crate) enum DefinitionKind {
        Sequence,
        Table,
        Procedure,
        Function,
        Package,
        PackageBody,
        View,
        Trigger,
        Event,
    }
    pub(crate) const ALL;
}

impl DefinitionKind {
    /// The kind for which this is the word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// As statements name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sequence => "SEQUENCE",
            Self::Table => "TABLE",
            Self::Procedure => "PROCEDURE",
            Self::Function => "FUNCTION",
            Self::Package => "PACKAGE",
            Self::PackageBody => "PACKAGE BODY",
            Self::View => "VIEW",
            Self::Trigger => "TRIGGER",
            Self::Event => "EVENT",
        }
    }

    /// The column in which `SHOW CREATE` has the definition.
    pub(crate) fn shown_in(self) -> &'static str {
        match self {
            Self::Sequence | Self::Table => "Create Table",
            Self::Procedure => "Create Procedure",
            Self::Function => "Create Function",
            Self::Package => "Create Package",
            Self::PackageBody => "Create Package Body",
            Self::View => "Create View",
            Self::Trigger => "SQL Original Statement",
            Self::Event => "Create Event",
        }
    }

    /// Whether it consists of statements that run when somebody calls it, or something happens.
    pub(crate) fn runs_later(self) -> bool {
        match self {
            Self::Sequence | Self::Table | Self::View => false,
            Self::Procedure | Self::Function | Self::Package | Self::PackageBody | Self::Trigger | Self::Event => true,
        }
    }

    /// Whether it holds what a definition does not make: rows, or the place of a sequence.
    pub(crate) fn holds_data(self) -> bool {
        match self {
            Self::Sequence | Self::Table => true,
            Self::Procedure
            | Self::Function
            | Self::Package
            | Self::PackageBody
            | Self::View
            | Self::Trigger
            | Self::Event => false,
        }
    }
}
