//! One operation after the other, each with something that goes wrong in its midst, and then the same call again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel_tenants_test_support::chain;

use crate::{
    checks::{self, Expected, rows, settled},
    faults::{Ended, Fault, Length, run},
    migrations::Plan,
    operation::{Operation, Place},
    random::Random,
    report::Report,
    tenants::{Tenant, lock},
    world::{CACHED, End, World},
    writers::{self, Shared},
};

/// As many times a call is made again where another one is still at it.
const MOST_TRIES: usize = 30;

/// An export that was made: what its tenant had.
pub struct Export {
    tenant: Tenant,
    /// The rows that were acknowledged before it began.
    certain: BTreeMap<i64, String>,
}

pub struct Play {
    pub world: World,
    pub random: Random,
    pub tenants: Vec<Tenant>,
    pub archives: BTreeMap<String, Tenant>,
    pub kept: Vec<(End, String)>,
    pub export: Option<Export>,
    /// How many names of schemas were given at the shard.
    pub schemas: usize,
    marks: usize,
    writers: Arc<Shared>,
    lengths: BTreeMap<&'static str, Length>,
    pub report: Report,
}

impl Play {
    pub async fn begin(seed: u64) -> Self {
        let world = World::begin().await;
        let writers = writers::start(&world.pool, 4, seed);
        Self {
            world,
            random: Random::new(seed),
            tenants: Vec::new(),
            archives: BTreeMap::new(),
            kept: Vec::new(),
            export: None,
            schemas: 0,
            marks: 0,
            writers,
            lengths: BTreeMap::new(),
            report: Report::default(),
        }
    }

    /// Does one thing, and looks at everything.
    pub async fn step(&mut self) -> Result<(), String> {
        let operation = self.choose();
        let mut length = self.lengths.get(operation.kind()).copied().unwrap_or(Length {
            time: Duration::from_millis(200),
            polls: 60,
            dropped_after: 0,
        });
        let fault = Fault::choose(&mut self.random, &mut length);
        self.report.begins(&operation, fault);
        let certain = self.subject(&operation).map(Tenant::certain).unwrap_or_default();
        let begun = Instant::now();
        let ended = run(&self.world, &operation, fault, &mut length).await;
        self.lengths.insert(operation.kind(), length);
        let ended = match ended {
            Ended::Told(Ok(())) => None,
            Ended::Told(Err(failure)) => Some(chain(&*failure)),
            Ended::Silently => Some("silence".to_owned()),
            Ended::Never => return Err("it never ends".to_owned()),
        };
        if let Some(first) = &ended {
            self.report.told(first);
            if matches!(fault, Fault::None) && !is_waiting(first) {
                return Err(format!("without any fault: {first}"));
            }
            if let Operation::Export { .. } = operation {
                self.half_an_export_is_refused().await?;
            }
            self.again(&operation).await?;
        }
        self.report.took(begun.elapsed());
        self.take_note(&operation, certain).await?;
        self.check().await
    }

    async fn check(&mut self) -> Result<(), String> {
        self.writers.pause().await;
        let expected = Expected {
            tenants: &self.tenants,
            archives: &self.archives,
            kept: &self.kept,
        };
        let checked = checks::all(&self.world, &expected).await?;
        self.writers.go_on();
        self.report.checks += checked;
        self.report.written(&self.writers);
        match &lock(&self.writers.violations)[..] {
            [] => Ok(()),
            violations => Err(violations.join("; ")),
        }
    }

    /// Makes the same call until it is through. That it is done already is as good.
    async fn again(&mut self, operation: &Operation) -> Result<(), String> {
        for tries in 0..MOST_TRIES {
            let again = match operation {
                Operation::Revert { home, shard } => self.left_to_revert(home, shard).await?,
                operation => operation.clone(),
            };
            self.report.again += 1;
            let ran = run(&self.world, &again, Fault::None, &mut Length::default()).await;
            match ran {
                Ended::Told(Ok(())) => return Ok(()),
                Ended::Told(Err(failure)) if again.says_done(&failure) => return Ok(()),
                Ended::Told(Err(failure)) if again.says_later(&failure) => {
                    self.report.told(&chain(&*failure));
                    tokio::time::sleep(Duration::from_millis(100 * (tries as u64).min(10))).await;
                }
                Ended::Told(Err(failure)) => return Err(format!("made again it fails: {}", chain(&*failure))),
                Ended::Silently | Ended::Never => return Err("made again it never ends".to_owned()),
            }
        }
        Err(format!("made again {MOST_TRIES} times it is still refused"))
    }

    /// To revert one migration again would be to revert another one.
    async fn left_to_revert(&self, home: &[String], shard: &[String]) -> Result<Operation, String> {
        settled(&self.world).await?;
        let has_it = |end: End, schemas: &[String]| {
            let has_it = |schema: &&String| {
                let versions = format!(
                    "SELECT version FROM {}.__diesel_schema_migrations WHERE version = '3'",
                    checks::quoted(schema)
                );
                !self.world.database(end).values(&versions).is_empty()
            };
            schemas.iter().filter(has_it).cloned().collect()
        };
        Ok(Operation::Revert {
            home: has_it(End::Home, home),
            shard: has_it(End::Shard, shard),
        })
    }

    async fn half_an_export_is_refused(&mut self) -> Result<(), String> {
        settled(&self.world).await?;
        let half = Operation::Import {
            file: self.world.files().join("tenant"),
            to: "half".to_owned(),
        };
        match half.run(&self.world.pool).await {
            // All of it was there.
            Ok(()) => self.world.pool.drop_tenant("half").await.map_err(|error| chain(&error)),
            Err(_) => Ok(()),
        }
    }

    /// Whose rows an operation copies.
    fn subject(&self, operation: &Operation) -> Option<&Tenant> {
        let name = match operation {
            Operation::Clone { from, .. } => from,
            Operation::Export { tenant, .. } => tenant,
            Operation::Import { .. } => return None,
            _ => return None,
        };
        self.tenants.iter().find(|tenant| tenant.name == *name)
    }

    pub fn tenant(&self, name: &str) -> &Tenant {
        let found = self.tenants.iter().find(|tenant| tenant.name == name);
        found.expect("it was chosen from these")
    }

    fn tenant_mut(&mut self, name: &str) -> &mut Tenant {
        let found = self.tenants.iter_mut().find(|tenant| tenant.name == name);
        found.expect("it was chosen from these")
    }

    /// Changes what is expected, now that an operation is done.
    async fn take_note(&mut self, operation: &Operation, certain: BTreeMap<i64, String>) -> Result<(), String> {
        match operation {
            Operation::Create { tenant, plan } | Operation::Ensure { tenant, plan } => {
                let born = self.born(tenant, Place::Home, *plan);
                self.welcome(born);
            }
            Operation::Place { tenant, at, plan } => {
                let born = self.born(tenant, at.clone(), *plan);
                self.welcome(born);
            }
            Operation::Clone { from, to, with_data } => {
                let template = self.tenant(from).clone();
                let mut born = self.born(to, Place::Home, template.plan);
                born.reverted = template.reverted;
                let base = rows(&self.world.home, to);
                if *with_data {
                    copied("the clone", &template, &base, &certain)?;
                } else if !base.is_empty() {
                    return Err(format!("a clone without rows has {} of them", base.len()));
                }
                born.base = base;
                self.welcome(born);
            }
            Operation::Rename { from, to } => {
                let mark = self.tenant(from).mark.clone();
                self.writers.forget(&mark).await;
                self.tenant_mut(from).name.clone_from(to);
                self.writers.know(self.tenant(to));
            }
            Operation::Suspend { tenant } => self.tenant_mut(tenant).suspended = true,
            Operation::Resume { tenant } => self.tenant_mut(tenant).suspended = false,
            Operation::Archive { tenant } => {
                let gone = self.farewell(tenant).await;
                let archive = self.new_archives(End::Home);
                let [archive] = &archive[..] else {
                    return Err(format!("{tenant:?} was archived as {archive:?}"));
                };
                self.archives.insert(archive.clone(), gone);
            }
            Operation::Restore { archive, to } => {
                let mut back = self.archives.remove(archive).expect("it was chosen from these");
                back.name.clone_from(to);
                self.writers.know(&back);
                self.tenants.push(back);
            }
            Operation::Drop { tenant, .. } => drop(self.farewell(tenant).await),
            Operation::Purge => {
                self.archives.clear();
                self.kept.clear();
            }
            Operation::Spares { count, .. } => self.spares(*count).await?,
            Operation::Migrate => {
                for tenant in &mut self.tenants {
                    (tenant.plan, tenant.reverted) = (Plan::All, false);
                }
            }
            Operation::Revert { home, shard } => {
                for tenant in &mut self.tenants {
                    let schemas = if tenant.place == Place::Home { home } else { shard };
                    tenant.reverted |= schemas.iter().any(|schema| schema == tenant.schema());
                }
            }
            Operation::Export { tenant, .. } => {
                let tenant = self.tenant(tenant).clone();
                self.export = Some(Export { tenant, certain });
            }
            Operation::Import { to, .. } => {
                let Export { tenant, certain } = self.export.take().expect("there is one");
                let mut born = self.born(to, Place::Home, tenant.plan);
                (born.reverted, born.suspended) = (tenant.reverted, tenant.suspended);
                let base = rows(&self.world.home, to);
                copied("the import", &tenant, &base, &certain)?;
                born.base = base;
                self.welcome(born);
            }
            Operation::Move { tenant, to, .. } => {
                let (from, left) = match to {
                    Place::Home => (End::Shard, self.new_archives(End::Shard)),
                    Place::Shard(_) => (End::Home, self.new_archives(End::Home)),
                };
                if left.len() > 1 {
                    return Err(format!("a move left {left:?}"));
                }
                self.kept.extend(left.into_iter().map(|archive| (from, archive)));
                self.tenant_mut(tenant).place = to.clone();
            }
        }
        Ok(())
    }

    fn born(&mut self, name: &str, place: Place, plan: Plan) -> Tenant {
        self.marks += 1;
        Tenant::new(format!("mark{}", self.marks), name, place, plan)
    }

    /// As an application does it when a tenant signs up.
    fn welcome(&mut self, tenant: Tenant) {
        self.world.home.run(&format!(
            "INSERT INTO public.domains (domain, tenant) VALUES ('{}.example.com', '{}')",
            tenant.mark,
            tenant.name.replace('\'', "''")
        ));
        self.writers.know(&tenant);
        self.tenants.push(tenant);
    }

    /// Another process may go by what it knew for a moment more; by then nobody has the name anew.
    async fn farewell(&mut self, name: &str) -> Tenant {
        let at = self.tenants.iter().position(|tenant| tenant.name == name);
        let gone = self.tenants.remove(at.expect("it was chosen from these"));
        self.writers.forget(&gone.mark).await;
        tokio::time::sleep(CACHED).await;
        gone
    }

    /// Archives at one end that nobody knew of.
    fn new_archives(&self, end: End) -> Vec<String> {
        let archived = "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = '__diesel_schema_migrations' \
             WHERE obj_description(c.oid, 'pg_class') LIKE 'diesel-tenants: archived %'";
        let mut archives = self.world.database(end).values(archived);
        archives.retain(|archive| {
            let is_kept = self.kept.iter().any(|(at, kept)| *at == end && kept == archive);
            !(is_kept || end == End::Home && self.archives.contains_key(archive))
        });
        archives
    }

    /// Those that were wanted are there; of those that are too many a few are dropped.
    async fn spares(&self, count: usize) -> Result<(), String> {
        let spares = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'diesel-tenants spare %' ORDER BY 1";
        let spares = self.world.home.values(spares);
        if spares.len() < count {
            return Err(format!("there are {} spares in place of {count}", spares.len()));
        }
        for spare in spares.iter().skip(4) {
            let dropped = self.world.pool.drop_tenant(spare.as_str()).await;
            dropped.map_err(|error| chain(&error))?;
        }
        Ok(())
    }
}

fn copied(
    what: &str,
    of: &Tenant,
    rows: &BTreeMap<i64, String>,
    certain: &BTreeMap<i64, String>,
) -> Result<(), String> {
    match of.contradicts(rows, certain) {
        Some(why) => Err(format!("{what} of {}: {why}", of.mark)),
        None => Ok(()),
    }
}

/// Whether a refusal is one that any call may meet: somebody's transaction does not end.
fn is_waiting(text: &str) -> bool {
    text.contains("did not end within") || text.contains("was still running after")
}
