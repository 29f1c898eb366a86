//! The kinds of objects in which tenants can differ, on all kinds of database.

use std::fmt;

use crate::variants::with_all_variants;

with_all_variants! {
    /// The kind of an object, in the order of creation unless dependencies require another order.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    #[non_exhaustive]
    pub enum ObjectKind {
        /// A collation.
        Collation,
        /// A text search dictionary.
        TextSearchDictionary,
        /// A text search configuration.
        TextSearchConfiguration,
        /// An enum type.
        Enum,
        /// A composite type.
        Composite,
        /// A domain.
        Domain,
        /// A constraint of a domain.
        DomainConstraint,
        /// A range type.
        Range,
        /// A sequence, other than an identity column's.
        Sequence,
        /// A table, without its columns.
        Table,
        /// A column of a table.
        Column,
        /// A table's membership as a partition of another table.
        Partition,
        /// A setting of a table, column or sequence: storage parameters, inheritance, ownership…
        Setting,
        /// A function, procedure or aggregate.
        Function,
        /// An operator.
        Operator,
        /// The default of a column.
        Default,
        /// A check constraint.
        Check,
        /// A primary key, unique or exclusion constraint.
        Key,
        /// An index that belongs to no constraint.
        Index,
        /// A foreign key.
        ForeignKey,
        /// A setting that affects writing rows, or that needs an index: row level security, replica identity…
        LateSetting,
        /// A view.
        View,
        /// A materialized view.
        MaterializedView,
        /// A trigger.
        Trigger,
        /// A rule.
        Rule,
        /// A policy of row level security.
        Policy,
        /// Extended statistics.
        Statistics,
        /// A privilege that was granted to a role, or revoked from `PUBLIC`.
        Grant,
        /// A comment.
        Comment,
        /// MySQL: an event.
        Event,
        /// MariaDB: a package, or its body.
        Package,
    }
    const ALL;
}

impl ObjectKind {
    /// The kind of that name in the catalog queries.
    pub(super) fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.expect("the catalog queries name kinds of this list")
    }

    fn name(self) -> &'static str {
        match self {
            Self::Collation => "collation",
            Self::TextSearchDictionary => "text search dictionary",
            Self::TextSearchConfiguration => "text search configuration",
            Self::Enum => "enum",
            Self::Composite => "composite",
            Self::Domain => "domain",
            Self::DomainConstraint => "domain constraint",
            Self::Range => "range",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Column => "column",
            Self::Partition => "partition",
            Self::Setting => "setting",
            Self::Function => "function",
            Self::Operator => "operator",
            Self::Default => "default",
            Self::Check => "check",
            Self::Key => "key",
            Self::Index => "index",
            Self::ForeignKey => "foreign key",
            Self::LateSetting => "late setting",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::Statistics => "statistics",
            Self::Grant => "grant",
            Self::Comment => "comment",
            Self::Event => "event",
            Self::Package => "package",
        }
    }

    /// Whether the object must be created before rows are copied.
    pub(crate) fn comes_before_rows(self) -> bool {
        self <= Self::Setting
    }

    /// Whether the text holds a query, in which the schema's name may be an alias as well.
    pub(super) fn holds_queries(self) -> bool {
        matches!(
            self,
            Self::View | Self::MaterializedView | Self::Rule | Self::Policy | Self::Trigger | Self::Function
        )
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LateSetting => "setting",
            kind => kind.name(),
        })
    }
}
