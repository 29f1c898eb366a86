//! Tasks that write to all tenants, and read what they see, all the while.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use diesel_tenants::TenantPool;

use crate::{
    random::Random,
    tenants::{Tenant, Written, lock},
};

/// Whom writers know, and by which name.
#[derive(Clone)]
struct Known {
    name: String,
    mark: String,
    allowed: BTreeSet<String>,
    written: Arc<Mutex<Written>>,
    /// How many are writing to it.
    busy: Arc<AtomicUsize>,
}

#[derive(Default)]
pub struct Shared {
    known: Mutex<Vec<Known>>,
    next: AtomicI64,
    busy: AtomicUsize,
    paused: AtomicBool,
    pub acknowledged: AtomicU64,
    pub reads: AtomicU64,
    /// What must never be seen.
    pub violations: Mutex<Vec<String>>,
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = Text)]
    mark: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Begins so many writers, on a pool that has fewer connections.
pub fn start(pool: &TenantPool, count: usize, seed: u64) -> Arc<Shared> {
    let shared = Arc::new(Shared::default());
    for writer in 0..count {
        let (pool, shared) = (pool.clone(), Arc::clone(&shared));
        let random = Random::new(seed ^ (writer as u64 + 1));
        tokio::spawn(write_on(pool, shared, random));
    }
    shared
}

async fn write_on(pool: TenantPool, shared: Arc<Shared>, mut random: Random) {
    loop {
        let known = shared.begin(&mut random);
        let Some(known) = known else {
            tokio::time::sleep(Duration::from_millis(2)).await;
            continue;
        };
        let n = shared.next.fetch_add(1, SeqCst);
        lock(&known.written).unknown.insert(n);
        let written = write(&pool, &known, n, &shared).await;
        known.busy.fetch_sub(1, SeqCst);
        shared.busy.fetch_sub(1, SeqCst);
        // Who is told that something failed does not know whether it was done.
        let pause = if written.is_ok() { 1 } else { 10 };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

async fn write(pool: &TenantPool, known: &Known, n: i64, shared: &Shared) -> Result<(), diesel::result::Error> {
    let Ok(mut conn) = pool.for_tenant(known.name.as_str()).get().await else {
        // Nothing was sent.
        lock(&known.written).unknown.remove(&n);
        return Err(diesel::result::Error::NotFound);
    };
    diesel::sql_query("INSERT INTO marks (n, mark) VALUES ($1, $2)")
        .bind::<BigInt, _>(n)
        .bind::<Text, _>(&known.mark)
        .execute(&mut conn)
        .await?;
    {
        let mut written = lock(&known.written);
        written.unknown.remove(&n);
        written.acknowledged.insert(n);
    }
    shared.acknowledged.fetch_add(1, SeqCst);
    let seen: Vec<Mark> =
        diesel::sql_query("SELECT mark FROM marks UNION SELECT mark FROM log UNION SELECT mark FROM seen")
            .load(&mut conn)
            .await?;
    for Mark { mark } in seen {
        if !known.allowed.contains(&mark) {
            shared.violation(format!(
                "tenant {} of {} was shown a row of {mark}",
                known.name, known.mark
            ));
        }
    }
    let Count { count } = diesel::sql_query("SELECT count(*) AS count FROM marks JOIN log USING (n) WHERE n = $1")
        .bind::<BigInt, _>(n)
        .get_result(&mut conn)
        .await?;
    if count != 1 {
        shared.violation(format!(
            "row {n} of {} was acknowledged, and is there {count} times",
            known.mark
        ));
    }
    shared.reads.fetch_add(1, SeqCst);
    Ok(())
}

impl Shared {
    /// Whom to write to next. None while writers are paused.
    fn begin(&self, random: &mut Random) -> Option<Known> {
        let known = lock(&self.known);
        if AtomicBool::load(&self.paused, SeqCst) {
            return None;
        }
        let known = random.pick(&known)?.clone();
        known.busy.fetch_add(1, SeqCst);
        self.busy.fetch_add(1, SeqCst);
        Some(known)
    }

    pub fn violation(&self, text: String) {
        lock(&self.violations).push(text);
    }

    pub fn know(&self, tenant: &Tenant) {
        let mut allowed: BTreeSet<String> = tenant.base.values().cloned().collect();
        allowed.insert(tenant.mark.clone());
        lock(&self.known).push(Known {
            name: tenant.name.clone(),
            mark: tenant.mark.clone(),
            allowed,
            written: Arc::clone(&tenant.written),
            busy: Arc::default(),
        });
    }

    /// Returns once nobody writes to it under that name any more. What is under way may get the rows of whoever has the
    /// name next.
    pub async fn forget(&self, mark: &str) {
        let mut gone = Vec::new();
        lock(&self.known).retain(|known| {
            let stays = known.mark != mark;
            if !stays {
                gone.push(Arc::clone(&known.busy));
            }
            stays
        });
        while gone.iter().any(|busy| count(busy) > 0) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub async fn pause(&self) {
        {
            let _known = lock(&self.known);
            self.paused.store(true, SeqCst);
        }
        while count(&self.busy) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub fn go_on(&self) {
        self.paused.store(false, SeqCst);
    }
}

/// Diesel's `load` would come first.
fn count(of: &AtomicUsize) -> usize {
    AtomicUsize::load(of, SeqCst)
}
