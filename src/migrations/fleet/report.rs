use std::{fmt, time::Duration};

use crate::{MigrationError, SchemaName, migrations::OutsideWork};

/// The report of a fleet migration: what happened to each tenant, in the order in which the tenants were given, by
/// default sorted by name.
///
/// With the feature `serde` the report can be serialized, for example to JSON: names as strings, times in seconds,
/// errors as messages with all their causes.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "tenants that could not be migrated are found in here"]
#[non_exhaustive]
pub struct FleetReport {
    /// The tenants.
    pub tenants: Vec<TenantReport>,
    /// Migrations that were edited after they were applied.
    pub changed: Vec<ChangedMigration>,
    /// What the migrations of this run do outside the tenants' schemas.
    pub outside: Vec<OutsideWork>,
    /// How long the whole run took.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "super::serialize::seconds", rename = "seconds")
    )]
    pub elapsed: Duration,
}

impl FleetReport {
    /// Whether no tenant failed and every tenant was reached.
    pub fn is_success(&self) -> bool {
        self.tenants.iter().all(|tenant| tenant.outcome.is_success())
    }

    /// The tenants on which a migration failed.
    pub fn failed(&self) -> impl Iterator<Item = &TenantReport> {
        self.tenants
            .iter()
            .filter(|tenant| matches!(tenant.outcome, TenantOutcome::Failed(_)))
    }

    /// The report of one tenant.
    pub fn tenant(&self, name: &str) -> Option<&TenantReport> {
        self.tenants.iter().find(|tenant| tenant.tenant.as_str() == name)
    }
}

/// A summary on one line: `998 migrated, 1 up to date, 1 failed`.
impl fmt::Display for FleetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        summary(self.tenants.iter(), f)
    }
}

/// How many tenants have each outcome, on one line.
pub(in crate::migrations) fn summary<'r>(
    tenants: impl Iterator<Item = &'r TenantReport>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let outcomes: Vec<&str> = tenants.map(|tenant| tenant.outcome.name()).collect();
    let mut separator = "";
    for name in [
        "migrated",
        "reverted",
        "pending",
        "up to date",
        "dropped",
        "failed",
        "not reached",
    ] {
        let count = outcomes.iter().filter(|outcome| **outcome == name).count();
        if count > 0 {
            write!(f, "{separator}{count} {name}")?;
            separator = ", ";
        }
    }
    match separator {
        "" => f.write_str("no tenants"),
        _ => Ok(()),
    }
}

/// What happened to one tenant.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TenantReport {
    /// The tenant.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::text"))]
    pub tenant: SchemaName,
    /// The versions applied or reverted, in that order, including those before a failure. In a dry run, the versions
    /// that would be.
    pub versions: Vec<String>,
    /// The outcome.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub outcome: TenantOutcome,
}

impl TenantReport {
    pub(crate) fn new(tenant: SchemaName, versions: Vec<String>, outcome: TenantOutcome) -> Self {
        Self {
            tenant,
            versions,
            outcome,
        }
    }
}

/// The outcome of a tenant's migration.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "outcome", content = "error", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum TenantOutcome {
    /// There was nothing to do.
    UpToDate,
    /// Migrations were applied.
    Migrated,
    /// Migrations were reverted.
    Reverted,
    /// In a dry run: migrations would be applied, or reverted.
    Pending,
    /// A migration failed. Migrations before it stay.
    Failed(#[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::causes"))] MigrationError),
    /// The tenant was dropped in the meantime.
    Dropped,
    /// Not begun: another tenant failed first, or `stop_when` ended the run.
    NotReached,
}

impl TenantOutcome {
    /// Whether the tenant was reached and did not fail.
    pub fn is_success(&self) -> bool {
        !matches!(self, Self::Failed(_) | Self::NotReached)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::UpToDate => "up to date",
            Self::Migrated => "migrated",
            Self::Reverted => "reverted",
            Self::Pending => "pending",
            Self::Failed(_) => "failed",
            Self::Dropped => "dropped",
            Self::NotReached => "not reached",
        }
    }
}

impl fmt::Display for TenantOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A migration that was edited after it was applied to some tenants, by the checksum of its SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChangedMigration {
    /// Its version.
    pub version: String,
    /// The tenants that have its earlier text.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::texts"))]
    pub tenants: Vec<SchemaName>,
}
