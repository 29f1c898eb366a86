use std::{fmt, time::Duration};

use crate::{MigrationError, SchemaName, migrations::OutsideWork};

/// What became of a fleet's tenants, each of them: in the order in which they were asked for, by default that of their
/// names.
///
/// With the feature `serde` it serialises, to JSON for example: names as strings, times in seconds, errors as messages with
/// all their causes.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "tenants that could not be migrated are found in here"]
#[non_exhaustive]
pub struct FleetReport {
    /// The tenants.
    pub tenants: Vec<TenantReport>,
    /// Migrations that are others now than when they were applied.
    pub changed: Vec<ChangedMigration>,
    /// What those that were run, or were to be, do outside of the tenants' schemas.
    pub outside: Vec<OutsideWork>,
    /// How long all of it took.
    #[cfg_attr(
        feature = "serde",
        serde(serialize_with = "super::serialize::seconds", rename = "seconds")
    )]
    pub elapsed: Duration,
}

impl FleetReport {
    /// Whether every tenant has all that was asked for.
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

/// As a summary on one line: `998 migrated, 1 up to date, 1 failed`.
impl fmt::Display for FleetReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            let count = self
                .tenants
                .iter()
                .filter(|tenant| tenant.outcome.name() == name)
                .count();
            if count > 0 {
                write!(f, "{separator}{count} {name}")?;
                separator = ", ";
            }
        }
        if separator.is_empty() {
            f.write_str("no tenants")?;
        }
        Ok(())
    }
}

/// What became of one tenant.
#[derive(Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TenantReport {
    /// The tenant.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::text"))]
    pub tenant: SchemaName,
    /// The versions that were applied to it, or reverted, in that order; also before a failure. In a dry run those that
    /// would be.
    pub versions: Vec<String>,
    /// How it ended.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub outcome: TenantOutcome,
}

/// How a tenant's migration ended.
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
    /// A migration failed. Those before it stay.
    Failed(#[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::causes"))] MigrationError),
    /// It was dropped in the meantime.
    Dropped,
    /// Another tenant's failure came first.
    NotReached,
}

impl TenantOutcome {
    /// Whether nothing is left to be done.
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

/// A migration that is another one now than when it was applied to some tenants: by the checksum of its SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ChangedMigration {
    /// Its version.
    pub version: String,
    /// The tenants to which it was applied as it was then.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::serialize::texts"))]
    pub tenants: Vec<SchemaName>,
}
