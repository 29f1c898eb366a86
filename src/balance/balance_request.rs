use std::{cmp::Reverse, collections::HashSet, fmt};

use futures_core::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    BalanceError, BalancePlan, DatabaseLoad, PlannedMove, StayReason, StayingTenant,
    even_out::{Candidate, Load, Range, Step, even_out},
    measure::{Measurement, measure},
};
use crate::{
    IntoSchemaName, Placement, SchemaName, SchemaNameError, TenantStatus,
    pool::{AllDatabases, DatabasesError, OWN_DATABASE, Reached, Resident, Unreached},
    tenancy::DirectoryChange,
};

/// Plans moves when awaited; made by [`AllDatabases::balance`].
#[must_use = "a request does nothing until it is awaited"]
pub struct BalanceRequest<'a> {
    databases: AllDatabases<'a>,
    tolerance: f64,
    at_most: usize,
    kept: Result<Vec<SchemaName>, SchemaNameError>,
    moves_suspended: bool,
}

/// # Balancing the databases
impl<'a> AllDatabases<'a> {
    /// Plans which tenants to [move](crate::TenantPool::move_tenant), so that each database holds about as many bytes
    /// as the others. Few bytes move: a database gives away only what it holds beyond the tolerance. The plan only reads. See [`balance`](crate::balance).
    ///
    /// What counts are the tables of tenants with a schema of their own, with their indexes. A tenant stays where it is
    /// if it is [suspended](BalanceRequest::suspended), being created or dropped, lives in the shared
    /// schema of its database, or has a table without a primary key. Tenants that share tables, archives and spares
    /// stay as well, and are not counted. A tenant can't
    /// move to a database that has a schema of that name.
    ///
    /// Choose the databases ([`only`](Self::only)) if some of them must keep what they have, and name tenants that
    /// [must stay](BalanceRequest::keep). The pool's own database takes part if a tenant lives there, or if it is
    /// chosen by name.
    ///
    /// The servers open each table of each tenant to measure it, on connections of their own.
    ///
    /// # Errors
    /// [`BalanceError`].
    pub fn balance(self) -> BalanceRequest<'a> {
        BalanceRequest {
            databases: self,
            tolerance: 0.1,
            at_most: usize::MAX,
            kept: Ok(Vec::new()),
            moves_suspended: false,
        }
    }
}

impl BalanceRequest<'_> {
    /// How far from the average a database may be, as a fraction of the average. Default: 0.1. A smaller value moves
    /// more.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// The largest number of moves. Default: no limit. The first moves of a plan even out most.
    pub fn at_most(self, moves: usize) -> Self {
        Self { at_most: moves, ..self }
    }

    /// These tenants stay where they are: because of a contract or a law that says where, for instance. Further calls
    /// add to them. Default: none.
    pub fn keep(mut self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        let pool = self.databases.pool;
        let added = tenants.into_iter().map(|tenant| pool.tenant_name(tenant));
        let added: Result<Vec<SchemaName>, SchemaNameError> = added.collect();
        self.kept = self.kept.and_then(|kept| Ok([kept, added?].concat()));
        self
    }

    /// Suspended tenants may move, too. Default: they stay.
    pub fn suspended(self) -> Self {
        Self {
            moves_suspended: true,
            ..self
        }
    }

    async fn find(self) -> Result<BalancePlan, BalanceError> {
        let tolerance = self.tolerance;
        if !(0.0..=1.0).contains(&tolerance) {
            return Err(BalanceError::Tolerance { tolerance });
        }
        let kept = self.kept?;
        let pool = self.databases.pool;
        let listed = pool.listed_tenants().await;
        let listed = listed.map_err(|source| DatabasesError::Directory(Box::new(source)))?;
        let known = listed.ok_or(BalanceError::NoDirectory)?;
        let known: HashSet<SchemaName> = known.into_iter().map(|(tenant, _)| tenant).collect();
        if let Some(unknown) = kept.iter().find(|tenant| !known.contains(*tenant)) {
            return Err(BalanceError::UnknownTenant {
                tenant: unknown.clone(),
            });
        }
        let databases = self.databases.reach().await?;
        databases.require_writable()?;
        let may_move = MayMove {
            kept: kept.into_iter().collect(),
            suspended: self.moves_suspended,
        };
        let is_main_chosen = self.databases.chosen.is_some();
        let looking = databases
            .reached
            .into_iter()
            .map(|reached| look(reached, &may_move, is_main_chosen));
        let looked: Vec<Looked> = stream::iter(looking)
            .buffered(self.databases.at_a_time)
            .try_collect()
            .await?;
        let plan = plan(looked, databases.unreached, (tolerance, self.at_most));
        if let Some(first) = plan.moves.first() {
            let change = DirectoryChange::Moved {
                tenant: &first.tenant,
                placement: &first.to,
            };
            if !pool.can_record(&change) {
                return Err(BalanceError::NoDirectory);
            }
        }
        Ok(plan)
    }
}

/// Which tenants may move.
struct MayMove {
    kept: HashSet<SchemaName>,
    suspended: bool,
}

impl MayMove {
    /// Why a tenant stays, as far as the directory tells.
    fn refuses(&self, resident: &Resident) -> Option<StayReason> {
        match resident.status {
            _ if self.kept.contains(&resident.tenant) => Some(StayReason::Kept),
            TenantStatus::Active => None,
            TenantStatus::Suspended if self.suspended => None,
            TenantStatus::Suspended => Some(StayReason::Suspended),
            _ => Some(StayReason::Unfinished),
        }
    }
}

/// A database that was measured.
struct Looked {
    database: String,
    takes_part: bool,
    tenants: usize,
    load: Load,
    staying: Vec<StayingTenant>,
}

async fn look(mut reached: Reached, may_move: &MayMove, is_main_chosen: bool) -> Result<Looked, BalanceError> {
    let Measurement { of: measured, names } = measure(&mut reached).await?;
    let is_own = reached.name == OWN_DATABASE;
    let is_in_use = !is_own || is_main_chosen || !reached.residents.is_empty();
    let is_shared = reached.owner().is_none();
    let shared = reached.pool.shared_schema().clone();
    let mut load = Load {
        taken: names,
        is_own,
        ..Load::default()
    };
    load.taken.insert(shared.clone());
    let takes_part = is_in_use && is_shared;
    let mut staying = Vec::new();
    for resident in &reached.residents {
        // Whatever the directory says of a place keeps others from it.
        load.taken.insert(resident.schema.clone());
        let here = measured.get(&resident.schema);
        let bytes = here.map_or(0, |here| here.bytes);
        load.bytes += bytes;
        let reason = match here {
            _ if resident.schema == shared => Some(StayReason::OwnDatabase),
            None => Some(StayReason::Missing),
            Some(here) => may_move
                .refuses(resident)
                .or_else(|| here.has_keyless_tables.then_some(StayReason::NoPrimaryKey))
                .or_else(|| (!takes_part).then_some(StayReason::NotTakingPart)),
        };
        match (reason, here) {
            (None, Some(here)) => load.candidates.push(Candidate {
                tenant: resident.tenant.clone(),
                schema: resident.schema.clone(),
                tables: here.tables,
                bytes,
                rows: here.rows,
            }),
            (reason, _) => staying.push(StayingTenant {
                tenant: resident.tenant.clone(),
                database: reached.name.clone(),
                bytes,
                reason: reason.unwrap_or(StayReason::Missing),
            }),
        }
    }
    Ok(Looked {
        database: reached.name,
        takes_part,
        tenants: reached.residents.len(),
        load,
        staying,
    })
}

fn plan(looked: Vec<Looked>, unreached: Vec<Unreached>, (tolerance, at_most): (f64, usize)) -> BalancePlan {
    let (mut databases, mut names, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    let mut staying = Vec::new();
    for looked in looked {
        let Looked {
            database,
            takes_part,
            tenants,
            load,
            staying: here,
        } = looked;
        staying.extend(here);
        databases.push(DatabaseLoad {
            database: database.clone(),
            unreachable: None,
            takes_part,
            tenants,
            bytes: load.bytes,
            bytes_after: load.bytes,
            is_even: false,
        });
        if takes_part {
            names.push(database);
            loads.push(load);
        }
    }
    let range = Range::around_average(&loads, tolerance);
    let steps = even_out(&mut loads, range, at_most);
    for (name, load) in names.iter().zip(&loads) {
        for database in databases.iter_mut().filter(|database| database.database == *name) {
            database.bytes_after = load.bytes;
            database.is_even = range.contains(load.bytes);
        }
    }
    databases.extend(unreached.into_iter().map(|unreached| DatabaseLoad {
        database: unreached.problem.database.clone(),
        unreachable: Some(unreached.problem),
        takes_part: false,
        tenants: unreached.residents.len(),
        bytes: 0,
        bytes_after: 0,
        is_even: false,
    }));
    databases.sort_by(|one, other| {
        let key = |load: &DatabaseLoad| (load.database != OWN_DATABASE, load.database.clone());
        key(one).cmp(&key(other))
    });
    staying.sort_by_key(|tenant| Reverse(tenant.bytes));
    let moves = steps.into_iter().map(|step| planned(step, &names, &loads)).collect();
    BalancePlan {
        databases,
        moves,
        staying,
    }
}

fn planned(step: Step, names: &[String], loads: &[Load]) -> PlannedMove {
    let Step { candidate, from, to } = step;
    let place = |database: usize, schema: &SchemaName| {
        let place = Placement::schema(schema.clone());
        match names[database].as_str() {
            OWN_DATABASE => place,
            name => place.in_database(name),
        }
    };
    let target = loads[to].schema_for(&candidate);
    PlannedMove {
        from: place(from, &candidate.schema),
        to: place(to, target),
        tables: candidate.tables,
        bytes: candidate.bytes,
        rows: candidate.rows,
        tenant: candidate.tenant,
    }
}

impl<'a> IntoFuture for BalanceRequest<'a> {
    type Output = Result<BalancePlan, BalanceError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.find())
    }
}

impl fmt::Debug for BalanceRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BalanceRequest")
            .field("databases", &self.databases)
            .field("tolerance", &self.tolerance)
            .field("at_most", &self.at_most)
            .field("kept", &self.kept)
            .field("moves_suspended", &self.moves_suspended)
            .finish()
    }
}
