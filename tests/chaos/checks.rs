//! What must hold whenever nothing is under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use diesel_tenants::CheckoutError;
use diesel_tenants_test_support::{Database, chain};

use crate::{
    operation::Place,
    tenants::Tenant,
    world::{CACHED, End, POOL_SIZE, World},
};

/// What should be there.
pub struct Expected<'a> {
    pub tenants: &'a [Tenant],
    /// Archives that the directory knows.
    pub archives: &'a BTreeMap<String, Tenant>,
    /// Archives that moves have left, by the end at which they are.
    pub kept: &'a [(End, String)],
}

/// How long the server may go on with what a client that is gone had told it.
const SETTLED: Duration = Duration::from_secs(60);

pub type Check = Result<(), String>;

/// Waits until nobody is at anything, and holds nothing.
pub async fn settled(world: &World) -> Check {
    for end in [End::Home, End::Shard] {
        let busy = "SELECT 'session ' || pid || ' ' || state || ': ' || query FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
             AND (xact_start IS NOT NULL OR state = 'active')
             UNION ALL SELECT 'lock ' || l.locktype || ' of session ' || pid || ': ' || query FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
             WHERE l.locktype = 'advisory' AND datname = current_database()
             UNION ALL SELECT 'prepared ' || gid FROM pg_prepared_xacts
             UNION ALL SELECT 'temporary ' || oid::regclass FROM pg_class WHERE relpersistence = 't'";
        let begun = Instant::now();
        loop {
            let left = world.database(end).values(busy);
            if left.is_empty() {
                break;
            }
            if begun.elapsed() > SETTLED {
                return Err(format!("at the {end:?} end this does not end: {left:?}"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(())
}

/// All that can be told of the databases, and of the pool. Returns how many things were looked at.
pub async fn all(world: &World, expected: &Expected<'_>) -> Result<usize, String> {
    settled(world).await?;
    nothing_is_left(world)?;
    directory(world, expected)?;
    schemas(world, expected)?;
    tenants(world, expected.tenants)?;
    pool_is_usable(world, expected.tenants).await?;
    Ok(10 + 4 * expected.tenants.len())
}

fn nothing_is_left(world: &World) -> Check {
    for end in [End::Home, End::Shard] {
        let left = world.database(end).values(
            "SELECT 'relation ' || oid::regclass FROM pg_class WHERE relname LIKE '\\_\\_diesel\\_tenants%'
             UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE proname LIKE '\\_\\_diesel\\_tenants%'
             UNION ALL SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass FROM pg_trigger WHERE tgname LIKE '\\_\\_diesel\\_tenants%' AND NOT tgisinternal
             UNION ALL SELECT 'index ' || indexrelid::regclass || ', which is not valid' FROM pg_index WHERE NOT indisvalid
             UNION ALL SELECT 'constraint ' || conname || ' on ' || conrelid::regclass || ', which is not valid' FROM pg_constraint WHERE NOT convalidated",
        );
        if !left.is_empty() {
            return Err(format!("left at the {end:?} end: {left:?}"));
        }
    }
    Ok(())
}

fn directory(world: &World, expected: &Expected<'_>) -> Check {
    let rows = world
        .home
        .values("SELECT name || ' in ' || schema_name || ' of ' || coalesce(database_name, 'home') || ': ' || status FROM public.tenants");
    let row = |name: &str, tenant: &Tenant, status: &str| match &tenant.place {
        Place::Home => format!("{name} in {name} of home: {status}"),
        Place::Shard(schema) => format!("{name} in {schema} of shard: {status}"),
    };
    let mut due: BTreeSet<String> = expected
        .tenants
        .iter()
        .map(|tenant| {
            row(
                &tenant.name,
                tenant,
                if tenant.suspended { "suspended" } else { "active" },
            )
        })
        .collect();
    due.extend(
        expected
            .archives
            .iter()
            .map(|(archive, tenant)| row(archive, tenant, "archived")),
    );
    same("the directory", rows, due)?;
    let rows = world
        .home
        .values("SELECT domain || ' is ' || tenant || '''s' FROM public.domains");
    let tenants = expected.tenants.iter().map(|tenant| (&tenant.name, &tenant.mark));
    let archives = expected.archives.iter().map(|(name, tenant)| (name, &tenant.mark));
    let due = tenants
        .chain(archives)
        .map(|(name, mark)| format!("{mark}.example.com is {name}'s"));
    same("the directory's domains", rows, due.collect())
}

fn schemas(world: &World, expected: &Expected<'_>) -> Check {
    for end in [End::Home, End::Shard] {
        let rows = world.database(end).values(
            "SELECT n.nspname || ': ' || CASE WHEN c.oid IS NULL THEN 'no tenant' WHEN m IS NULL THEN 'active' \
             WHEN m LIKE 'diesel-tenants: archived %' THEN 'archived' ELSE replace(m, 'diesel-tenants: ', '') END \
             FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = '__diesel_schema_migrations' \
             LEFT JOIN LATERAL obj_description(c.oid, 'pg_class') m ON true WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema')",
        );
        // Spares come and go. Those that are there are whole.
        let rows = rows
            .into_iter()
            .filter(|row| !(row.starts_with("diesel-tenants spare ") && row.ends_with(": spare")));
        let is_here = |tenant: &&Tenant| tenant.end() == end;
        let mut due: BTreeSet<String> = expected
            .tenants
            .iter()
            .filter(is_here)
            .map(|tenant| {
                let status = match (end, tenant.suspended) {
                    // The directory alone tells the rest.
                    (End::Shard, _) => "placed here by the directory of another database",
                    (End::Home, true) => "suspended",
                    (End::Home, false) => "active",
                };
                format!("{}: {status}", tenant.schema())
            })
            .collect();
        if end == End::Home {
            due.extend(expected.archives.keys().map(|archive| format!("{archive}: archived")));
        }
        let kept = expected.kept.iter().filter(|(at, _)| *at == end);
        due.extend(kept.map(|(_, archive)| format!("{archive}: archived")));
        same(&format!("the schemas at the {end:?} end"), rows.collect(), due)?;
    }
    Ok(())
}

fn same(what: &str, found: Vec<String>, due: BTreeSet<String>) -> Check {
    let count = found.len();
    let found: BTreeSet<String> = found.into_iter().collect();
    if found == due && count == due.len() {
        return Ok(());
    }
    let (more, less): (Vec<_>, Vec<_>) = (found.difference(&due).collect(), due.difference(&found).collect());
    Err(format!("{what} should not have {more:?}, and should have {less:?}"))
}

/// The rows of a schema, past the library: number and mark.
pub fn rows(database: &Database, schema: &str) -> BTreeMap<i64, String> {
    let rows = database.query_strings(&format!("SELECT n, mark FROM {}.marks", quoted(schema)));
    rows.into_iter()
        .filter_map(|row| match &row[..] {
            [Some(n), Some(mark)] => Some((n.parse().ok()?, mark.clone())),
            _ => None,
        })
        .collect()
}

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// What the tables of a tenant hold, read past the library.
#[derive(Default)]
struct Contents {
    rows: BTreeMap<i64, String>,
    /// Numbers that the log has not once, with the same mark.
    not_logged: Vec<String>,
    versions: Vec<String>,
    has_third: bool,
    gives_numbers_anew: bool,
}

impl Contents {
    /// Those of all tenants at one end, in their order: by one message, since a connection for each would take longer
    /// than all the rest.
    fn of(world: &World, end: End, tenants: &[&Tenant]) -> Vec<Self> {
        let mut sql = String::new();
        for (index, tenant) in tenants.iter().enumerate() {
            let schema = quoted(tenant.schema());
            let table = format!("{schema}.marks").replace('\'', "''");
            sql += &format!(
                "SELECT {index}, 'row', n::text, mark FROM {schema}.marks;
                 SELECT {index}, 'not logged', coalesce(m.n, l.n)::text, '' FROM {schema}.marks m FULL JOIN {schema}.log l \
                 ON l.n = m.n AND l.mark = m.mark GROUP BY m.n, l.n HAVING m.n IS NULL OR l.n IS NULL OR count(*) <> 1;
                 SELECT {index}, 'version', version, '' FROM {schema}.__diesel_schema_migrations ORDER BY version;
                 SELECT {index}, 'third', '', '' FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = 'third';
                 SELECT {index}, 'anew', '', '' FROM {schema}.marks_id_seq s WHERE s.last_value < (SELECT max(id) FROM {schema}.marks);"
            );
        }
        let mut contents: Vec<Self> = tenants.iter().map(|_| Self::default()).collect();
        if sql.is_empty() {
            return contents;
        }
        for row in world.database(end).query_strings(&sql) {
            let row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
            let [index, kind, value, mark] = &row[..] else {
                unreachable!("each row has four columns: {row:?}")
            };
            let of = &mut contents[index.parse::<usize>().expect("an index")];
            match kind.as_str() {
                "row" => drop(of.rows.insert(value.parse().expect("a number"), mark.clone())),
                "not logged" => of.not_logged.push(value.clone()),
                "version" => of.versions.push(value.clone()),
                "third" => of.has_third = true,
                _ => of.gives_numbers_anew = true,
            }
        }
        contents
    }
}

fn tenants(world: &World, tenants: &[Tenant]) -> Check {
    for end in [End::Home, End::Shard] {
        let here: Vec<&Tenant> = tenants.iter().filter(|tenant| tenant.end() == end).collect();
        for (tenant, contents) in here.iter().zip(Contents::of(world, end, &here)) {
            let checked = self::tenant(tenant, contents);
            checked.map_err(|why| {
                format!(
                    "tenant {:?} of {} in schema {:?}: {why}",
                    tenant.name,
                    tenant.mark,
                    tenant.schema()
                )
            })?;
        }
    }
    Ok(())
}

fn tenant(tenant: &Tenant, contents: Contents) -> Check {
    let Contents {
        rows,
        not_logged,
        versions,
        has_third,
        gives_numbers_anew,
    } = contents;
    if let Some(why) = tenant.contradicts(&rows, &tenant.certain()) {
        return Err(why);
    }
    // What nobody was told of is told now, and nothing is under way any more.
    {
        let mut written = tenant.written();
        let unknown = std::mem::take(&mut written.unknown);
        written
            .acknowledged
            .extend(unknown.into_iter().filter(|n| rows.contains_key(n)));
    }
    if !not_logged.is_empty() {
        return Err(format!("its log has not one row for each of {not_logged:?}"));
    }
    if versions != tenant.versions() {
        return Err(format!(
            "it has the migrations {versions:?} in place of {:?}",
            tenant.versions()
        ));
    }
    if has_third != tenant.versions().contains(&"3") {
        return Err("its tables are not those of its migrations".to_owned());
    }
    if gives_numbers_anew {
        return Err("it would give a number anew".to_owned());
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = Text)]
    mark: String,
}

/// All connections can be had at once, and each shows its tenant's rows.
async fn pool_is_usable(world: &World, tenants: &[Tenant]) -> Check {
    // Another process may have changed something the moment before.
    tokio::time::sleep(CACHED + Duration::from_millis(20)).await;
    let mut held = Vec::new();
    for tenant in tenants.iter().cycle().take(tenants.len().max(POOL_SIZE)) {
        let who = format!("tenant {:?} of {}", tenant.name, tenant.mark);
        if held.len() == POOL_SIZE {
            held.clear();
        }
        match (
            world.pool.for_tenant(tenant.name.as_str()).get().await,
            tenant.suspended,
        ) {
            (Ok(mut conn), false) => {
                let marks: Vec<Mark> = diesel::sql_query("SELECT mark FROM marks UNION SELECT mark FROM log")
                    .load(&mut conn)
                    .await
                    .map_err(|error| format!("{who} can't be read: {}", chain(&error)))?;
                if let Some(Mark { mark }) = marks.iter().find(|Mark { mark }| !tenant.may_have(mark)) {
                    return Err(format!("{who} was shown a row of {mark}"));
                }
                held.push(conn);
            }
            (Err(CheckoutError::SuspendedTenant { .. }), true) => {}
            (Ok(_), true) => return Err(format!("{who} is suspended, and was checked out")),
            (Err(error), _) => return Err(format!("{who} can't be checked out: {}", chain(&error))),
        }
    }
    Ok(())
}
