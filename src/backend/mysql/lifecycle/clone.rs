use std::time::Duration;

use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::{
    OperationError, create,
    database::{self, Table, TableKind},
    objects,
};
use crate::{
    backend::{
        migration_sql::VERSION_TABLE,
        mysql::{
            Server, Session, is_wait_timeout,
            locks::{LOCK_TIMEOUT, Lock},
            migrations::{PROGRESS_TABLE, Shown, without_counter},
            quote,
            registry::Entry,
        },
    },
    tenancy::{DirectoryChange, TenantStatus},
};

/// Makes a tenant as a copy of another one: its structure, its rows as of one moment, and the versions of its migrations.
/// Waits for transactions that write to the template for at most `wait`; while rows are copied, writers wait.
///
/// If it fails, there is no clone.
pub(crate) async fn clone_tenant(
    server: &Server,
    template: &SchemaName,
    tenant: &SchemaName,
    with_data: bool,
    wait: Duration,
) -> Result<(), OperationError> {
    let shared = server.shared();
    let _lock = Lock::acquire(server, &[template, tenant], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    session.hold(tenant, LOCK_TIMEOUT).await?;
    let entry = Entry::find(&mut session, shared, template).await?;
    if !entry.is_some_and(|entry| entry.status.is_tenant()) {
        return Err(OperationError::Missing {
            database: template.clone(),
        });
    }
    let tables = database::tables(&mut session, template).await?;
    let found = objects::read(&mut session, template).await?;
    let mut reasons: Vec<String> = found
        .iter()
        .filter_map(|object| object.moved(template, tenant).err())
        .collect();
    let versioned = tables.iter().filter(|table| table.kind == TableKind::Versioned);
    reasons.extend(versioned.map(|table| format!("table {} keeps the former versions of its rows", table.name)));
    if is_half_migrated(&mut session, template, &tables).await? {
        reasons.push("one of its migrations is not finished: migrate it first".to_owned());
    }
    if !reasons.is_empty() {
        return Err(OperationError::Unmovable {
            database: template.clone(),
            what: "cloned",
            reasons,
        });
    }
    create::begin(&mut session, server, tenant, Some(template)).await?;
    session.wait_at_most(wait).await?;
    let copied = async {
        make_tables(&mut session, &tables, template, tenant, with_data).await?;
        copy_rows(&mut session, &tables, template, tenant, with_data, wait).await?;
        objects::make_all(&mut session, &found, template, tenant).await?;
        let active = Entry::new(tenant, TenantStatus::Active);
        let added = server.record(&DirectoryChange::Added { tenant });
        Ok(Entry::change_and(&mut session, shared, &[&active], &[], added).await?)
    };
    let copied: Result<(), OperationError> = copied.await;
    if copied.is_err() {
        // It may have locked tables, and then the server would wait for it before it drops the database.
        drop(session);
        if let Ok(mut session) = server.open().await {
            // If it can't be removed now, the next attempt or a sweep does it.
            let _ = create::undo(&mut session, server, tenant).await;
        }
    }
    copied
}

pub(super) async fn is_half_migrated(
    session: &mut Session,
    template: &SchemaName,
    tables: &[Table],
) -> QueryResult<bool> {
    if !tables.iter().any(|table| table.name == PROGRESS_TABLE) {
        return Ok(false);
    }
    let query = format!(
        "SELECT COUNT(*) AS number FROM {}.{PROGRESS_TABLE}",
        quote::database(template)
    );
    Ok(session.number(&query).await? > 0)
}

async fn make_tables(
    session: &mut Session,
    tables: &[Table],
    from: &SchemaName,
    to: &SchemaName,
    with_data: bool,
) -> Result<(), OperationError> {
    session.use_database(to).await?;
    // Tables refer to each other in any order, and rows may be from before a rule.
    session
        .run("SET foreign_key_checks = 0, unique_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        .await?;
    let is_sequence = |table: &&Table| table.kind == TableKind::Sequence;
    // A table's default can be the next number of a sequence.
    let sequences = tables.iter().filter(is_sequence);
    for table in sequences.chain(tables.iter().filter(|table| !is_sequence(table))) {
        let name = quote::identifier(&table.name);
        let kind = table.kind.of_definition().word();
        let show = format!("SHOW CREATE {kind} {}.{name}", quote::database(from));
        let shown: Vec<Shown> = session.rows(&show).await?;
        let Some(Shown(definition)) = shown.first() else {
            continue;
        };
        let definition = match with_data {
            true => definition.into(),
            false => without_counter(definition),
        };
        let unreadable = |reason| OperationError::Unmovable {
            database: from.clone(),
            what: "cloned",
            reasons: vec![format!("table {}: {reason}", table.name)],
        };
        let definition = match definition.contains(&quote::database(from)) {
            true => objects::moved(&definition, from, to).map_err(unreadable)?.into(),
            // The server's own text, which names only tables of the database itself, and those of others.
            false => definition,
        };
        session.run(&definition).await?;
    }
    Ok(())
}

async fn copy_rows(
    session: &mut Session,
    tables: &[Table],
    from: &SchemaName,
    to: &SchemaName,
    with_data: bool,
    wait: Duration,
) -> Result<(), OperationError> {
    let (source, target) = (quote::database(from), quote::database(to));
    let copied: Vec<&Table> = tables
        .iter()
        .filter(|table| table.kind == TableKind::Table)
        .filter(|table| with_data || table.name == VERSION_TABLE)
        .collect();
    let mut copies = Vec::with_capacity(copied.len());
    for table in &copied {
        let columns = columns(session, from, &table.name).await?.join(", ");
        let name = quote::identifier(&table.name);
        copies.push(format!(
            "INSERT INTO {target}.{name} ({columns}) SELECT {columns} FROM {source}.{name}"
        ));
    }
    let locks = copied.iter().flat_map(|table| {
        let name = quote::identifier(&table.name);
        [format!("{source}.{name} READ"), format!("{target}.{name} WRITE")]
    });
    let locks: Vec<String> = locks.collect();
    if !locks.is_empty() {
        let locked = session.run(&format!("LOCK TABLES {}", locks.join(", "))).await;
        locked.map_err(|error| match is_wait_timeout(&error) {
            true => OperationError::InUse {
                database: from.clone(),
                waited: wait,
            },
            false => error.into(),
        })?;
        for copy in copies {
            session.run(&copy).await?;
        }
        session.run("UNLOCK TABLES").await?;
    }
    let sequences = tables.iter().filter(|table| table.kind == TableKind::Sequence);
    for table in sequences.filter(|_| with_data) {
        let name = quote::identifier(&table.name);
        let next = session
            .number(&format!("SELECT next_not_cached_value AS number FROM {source}.{name}"))
            .await?;
        session.run(&format!("DO SETVAL({target}.{name}, {next}, 0)")).await?;
    }
    Ok(())
}

/// The columns of a table that hold what was written into them, in backticks.
async fn columns(session: &mut Session, database: &SchemaName, table: &str) -> QueryResult<Vec<String>> {
    let names = database::names(
        session,
        &format!(
            "SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS WHERE {} AND TABLE_NAME = {} \
             AND COALESCE(GENERATION_EXPRESSION, '') = '' ORDER BY ORDINAL_POSITION",
            quote::is_database("TABLE_SCHEMA", database),
            quote::literal(table)
        ),
    )
    .await?;
    Ok(names.iter().map(|name| quote::identifier(name)).collect())
}
