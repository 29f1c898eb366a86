//! What the page shows: the databases, and a row for each tenant.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel_tenants::{TenantStatus, directory::DirectoryEntry, migrations::TenantVersions, pool::OWN_DATABASE};

use super::survey::{Found, Survey};
use crate::commands::databases::is_behind;

/// The status of a tenant whose database can't be reached.
pub const UNKNOWN: &str = "unknown";

/// All databases and tenants.
pub struct Fleet {
    pub databases: Vec<Database>,
    /// Migrations that were edited after they were applied.
    pub changed: Vec<Changed>,
    /// Sorted by name.
    pub tenants: Vec<Tenant>,
}

pub struct Database {
    pub name: String,
    pub unreachable: Option<String>,
    pub server_version: Option<String>,
    pub bytes: Option<u64>,
    pub problems: Vec<String>,
    /// How many tenants are known there, active, suspended or of unknown status.
    pub tenants: usize,
}

pub struct Changed {
    pub database: String,
    pub version: String,
    /// How many tenants have its earlier text.
    pub tenants: usize,
}

#[derive(Default)]
pub struct Tenant {
    pub name: String,
    pub status: &'static str,
    pub database: String,
    /// The tenant's schema, if it has another name than the tenant, or what stands for it.
    pub place: Option<String>,
    /// The primary one first.
    pub domains: Vec<String>,
    pub versions: Versions,
    /// Migrations that were edited after they were applied to this tenant.
    pub changed: Vec<String>,
    pub problems: Vec<String>,
    pub is_behind: bool,
}

/// Which migrations a tenant has.
#[derive(Default)]
pub enum Versions {
    /// Its database can't be asked.
    #[default]
    Unknown,
    /// Migrations don't reach it.
    None,
    Known(TenantVersions),
}

/// What the directory knows of a tenant.
struct Listed {
    entry: DirectoryEntry,
    domains: Vec<String>,
}

impl Listed {
    fn database(&self) -> &str {
        self.entry.placement.database().unwrap_or(OWN_DATABASE)
    }
}

impl Fleet {
    pub fn of(survey: Survey) -> Self {
        let Survey {
            databases: found,
            directory,
            domains,
        } = survey;
        let mut domains_of: HashMap<String, Vec<String>> = HashMap::new();
        for domain in domains {
            let of = domains_of.entry(domain.tenant).or_default();
            match domain.is_primary {
                true => of.insert(0, domain.domain),
                false => of.push(domain.domain),
            }
        }
        let has_directory = directory.is_some();
        let listed = directory.into_iter().flatten().map(|(name, entry)| {
            let domains = domains_of.remove(name.as_str()).unwrap_or_default();
            (name.to_string(), Listed { entry, domains })
        });
        let mut listed: BTreeMap<String, Listed> = listed.collect();
        let mut fleet = Self {
            databases: Vec::new(),
            changed: Vec::new(),
            tenants: Vec::new(),
        };
        let mut reached: HashSet<String> = HashSet::new();
        for found in found {
            if found.unreachable.is_none() {
                reached.insert(found.database.clone());
            }
            fleet.add(found, &mut listed, has_directory);
        }
        // What is left are tenants of the directory without a schema that was found.
        for (name, listed) in listed {
            fleet.tenants.push(left(name, listed, &reached));
        }
        fleet
            .tenants
            .sort_by(|one, other| (&one.name, &one.database).cmp(&(&other.name, &other.database)));
        fleet.count();
        fleet
    }

    /// Whether every database that is known was reached.
    pub fn is_reached(&self) -> bool {
        self.databases.iter().all(|database| database.unreachable.is_none())
    }

    /// How many tenants there are, without spares, archives, and what a crash left unfinished.
    pub fn count_of_tenants(&self) -> usize {
        self.databases.iter().map(|database| database.tenants).sum()
    }

    /// How many tenants have each status; the statuses that no tenant has are left out.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for tenant in &self.tenants {
            *counts.entry(tenant.status).or_default() += 1;
        }
        let order = [word(TenantStatus::Active), word(TenantStatus::Suspended), UNKNOWN];
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(status, _)| order.iter().position(|first| first == status).unwrap_or(order.len()));
        counts
    }

    /// Adds a database, and what was found there. Removes the tenants from what the directory lists.
    fn add(&mut self, found: Found, listed: &mut BTreeMap<String, Listed>, has_directory: bool) {
        let Found {
            database,
            unreachable,
            server_version,
            bytes,
            problems,
            tenants,
            others,
            changed,
        } = found;
        let mut changed_of: HashMap<String, Vec<String>> = HashMap::new();
        for migration in changed {
            self.changed.push(Changed {
                database: database.clone(),
                version: migration.version.clone(),
                tenants: migration.tenants.len(),
            });
            for tenant in migration.tenants {
                let of = changed_of.entry(tenant.to_string()).or_default();
                of.push(migration.version.clone());
            }
        }
        for versions in tenants {
            let name = versions.tenant.to_string();
            let mut tenant = Tenant {
                status: word(versions.status),
                database: database.clone(),
                is_behind: is_behind(&versions),
                changed: changed_of.remove(&name).unwrap_or_default(),
                name,
                ..Tenant::default()
            };
            let is_here = |listed: &Listed| listed.database() == database;
            if listed.get(&tenant.name).is_some_and(is_here)
                && let Some(Listed { entry, domains }) = listed.remove(&tenant.name)
            {
                // The directory knows of suspensions of tenants that live elsewhere.
                tenant.status = word(entry.status);
                tenant.place = place(&tenant.name, &entry);
                tenant.domains = domains;
            } else if has_directory && versions.status.is_tenant() {
                tenant.problems.push("is not in the directory".to_owned());
            }
            tenant.versions = Versions::Known(versions);
            self.tenants.push(tenant);
        }
        let named: HashMap<String, String> = match others.is_empty() {
            true => HashMap::new(),
            false => listed
                .iter()
                .filter(|(_, listed)| listed.database() == database)
                .filter_map(|(name, listed)| Some((listed.entry.placement.schema_name()?.to_string(), name.clone())))
                .collect(),
        };
        for other in others {
            let schema = other.name.as_str();
            let known = named.get(schema).cloned();
            let entry = known.as_ref().and_then(|name| listed.remove(name));
            let name = known.unwrap_or_else(|| schema.to_owned());
            self.tenants.push(Tenant {
                status: word(other.status),
                database: database.clone(),
                place: entry.and_then(|listed| place(&name, &listed.entry)),
                versions: Versions::None,
                name,
                ..Tenant::default()
            });
        }
        self.databases.push(Database {
            name: database,
            unreachable,
            server_version,
            bytes,
            problems,
            tenants: 0,
        });
    }

    /// Counts the tenants of each database. A database that only the directory names gets an entry of its own.
    fn count(&mut self) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let is_counted = |tenant: &&Tenant| {
            [word(TenantStatus::Active), word(TenantStatus::Suspended), UNKNOWN].contains(&tenant.status)
        };
        for tenant in self.tenants.iter().filter(is_counted) {
            *counts.entry(&tenant.database).or_default() += 1;
        }
        for database in &mut self.databases {
            database.tenants = counts.remove(database.name.as_str()).unwrap_or_default();
        }
        self.databases
            .extend(counts.into_iter().map(|(name, tenants)| Database {
                name: name.to_owned(),
                unreachable: Some(format!(
                    "the directory names database {name:?}, and diesel-tenants.toml doesn't"
                )),
                server_version: None,
                bytes: None,
                problems: Vec::new(),
                tenants,
            }));
    }
}

/// A tenant of the directory without a schema that was found. `reached` has the databases that could be asked.
fn left(name: String, listed: Listed, reached: &HashSet<String>) -> Tenant {
    let database = listed.database().to_owned();
    let Listed { entry, domains } = listed;
    let status = word(entry.status);
    let mut tenant = Tenant {
        status,
        place: place(&name, &entry),
        versions: Versions::None,
        domains,
        ..Tenant::default()
    };
    if !reached.contains(&database) {
        (tenant.status, tenant.versions) = (UNKNOWN, Versions::Unknown);
        tenant
            .problems
            .push(format!("its database can't be reached; {status} by the directory"));
    } else if entry.placement.schema_name().is_some() && entry.status.is_tenant() {
        tenant.is_behind = true;
        tenant
            .problems
            .push("has no schema there, or was never migrated, though the directory says so".to_owned());
    }
    Tenant {
        name,
        database,
        ..tenant
    }
}

/// What of the database is the tenant's, unless it is a schema of the tenant's name.
fn place(tenant: &str, entry: &DirectoryEntry) -> Option<String> {
    match (entry.placement.schema_name(), entry.placement.tenant_id()) {
        (Some(schema), _) if schema.as_str() == tenant => None,
        (Some(schema), _) => Some(schema.to_string()),
        (None, Some(_)) => Some("shared tables".to_owned()),
        (None, None) => None,
    }
}

/// The word for a status, as everywhere in the command.
fn word(status: TenantStatus) -> &'static str {
    match status {
        TenantStatus::Active => "active",
        TenantStatus::Suspended => "suspended",
        TenantStatus::Spare => "spare",
        TenantStatus::Archived => "archived",
        TenantStatus::Unfinished => "unfinished",
        _ => UNKNOWN,
    }
}
