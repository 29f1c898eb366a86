use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    result::Error as DieselError,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Oid, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{
    ExportError, ExportedVersion,
    head::{Head, Making, Requirement},
    rows::{Sequence, Table},
    session::SETTINGS,
};
use crate::{
    SchemaName, TenantPool,
    backend::postgres::{
        quote::identifier,
        structure::{Object, Structure, left_behind, read},
        version_table,
    },
    connection::STATUS_COMMENT,
    tenancy::{ArchiveNote, TenantStatus},
};

/// All that an export holds but rows, as of one moment.
pub(super) struct Source {
    pub(super) head: Head,
    pub(super) structure: Structure,
    pub(super) tables: Vec<Table>,
    pub(super) sequences: Vec<Sequence>,
    /// The OID of the schema, by which it is known under any name.
    pub(super) oid: u32,
    /// For another session to see the same moment, as long as `connection` is there.
    pub(super) snapshot: String,
    /// Holds the snapshot, in a transaction.
    pub(super) connection: AsyncPgConnection,
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Oid)]
    oid: u32,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Bool)]
    has_versions: bool,
    #[diesel(sql_type = Integer)]
    server_version: i32,
    #[diesel(sql_type = Text)]
    snapshot: String,
}

impl Facts {
    /// Whether the tenant is suspended; `None` if it is none. An archived one is what it would be when restored.
    fn is_suspended(&self) -> Option<bool> {
        let comment = self.comment.as_deref();
        match TenantStatus::of_comment(comment) {
            TenantStatus::Active => Some(false),
            TenantStatus::Suspended => Some(true),
            TenantStatus::Archived => Some(ArchiveNote::of_comment(comment?)?.status() == TenantStatus::Suspended),
            TenantStatus::Spare | TenantStatus::Unfinished => None,
        }
    }
}

impl Source {
    pub(super) async fn connect(pool: &TenantPool, tenant: &SchemaName) -> Result<AsyncPgConnection, ExportError> {
        let connected = pool.migration_connector().connect().await;
        connected.map_err(|source| ExportError::Connect {
            tenant: tenant.clone(),
            source,
        })
    }

    /// Begins with statements that take locks, or say how long they are waited for. `renames`: whether the schema may get another name,
    /// by which texts that hold this one would lead elsewhere.
    pub(super) async fn read(
        mut connection: AsyncPgConnection,
        tenant: &SchemaName,
        locks: &str,
        renames: bool,
    ) -> Result<Self, ExportError> {
        let failed = |source: DieselError| ExportError::Structure {
            tenant: tenant.clone(),
            source,
        };
        let unknown = || ExportError::UnknownTenant { tenant: tenant.clone() };
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {locks}; {SETTINGS}");
        connection.batch_execute(&begin).await.map_err(failed)?;
        let facts = facts(&mut connection, tenant)
            .await
            .map_err(failed)?
            .ok_or_else(unknown)?;
        let is_suspended = facts.is_suspended().ok_or_else(unknown)?;
        let read = read(&mut connection, std::slice::from_ref(tenant)).await;
        let structure = read.map_err(failed)?.pop().flatten().ok_or_else(unknown)?;
        let mut left = Vec::new();
        if renames {
            left = structure.unclear();
            left.extend(left_behind(&mut connection, tenant).await.map_err(failed)?);
        }
        if let Some(refusal) = refusal(tenant, &structure, left) {
            return Err(refusal);
        }
        let versions = match facts.has_versions {
            true => versions(&mut connection, tenant).await.map_err(failed)?,
            false => Vec::new(),
        };
        let (before, after) = structure.objects.split_at(structure.before_rows());
        let head = Head {
            tenant: tenant.as_str().to_owned(),
            server_version: u32::try_from(facts.server_version).unwrap_or_default(),
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            is_suspended,
            versions,
            requirements: requirements(&mut connection, tenant).await.map_err(failed)?,
            before: makings(before),
            after: makings(after),
        };
        let oversized = head.oversized();
        if !oversized.is_empty() {
            return Err(ExportError::Unsupported {
                tenant: tenant.clone(),
                objects: oversized,
            });
        }
        Ok(Self {
            head,
            structure,
            tables: tables(&mut connection, tenant).await.map_err(failed)?,
            sequences: sequences(&mut connection, tenant).await.map_err(failed)?,
            oid: facts.oid,
            snapshot: facts.snapshot,
            connection,
        })
    }
}

/// Why a structure can't be exported, if it can't.
fn refusal(tenant: &SchemaName, structure: &Structure, left: Vec<String>) -> Option<ExportError> {
    let tenant = tenant.clone();
    if !structure.unsupported.is_empty() {
        let objects = structure.unsupported.clone();
        return Some(ExportError::Unsupported { tenant, objects });
    }
    (!left.is_empty()).then_some(ExportError::Unclear { tenant, objects: left })
}

fn makings(objects: &[Object]) -> Vec<Making> {
    let made_alone = objects.iter().filter(|object| !object.inline);
    made_alone.map(making).collect()
}

pub(super) fn making(object: &Object) -> Making {
    Making {
        object: object.to_string(),
        statements: object.make.join(";\n"),
    }
}

async fn facts(connection: &mut AsyncPgConnection, tenant: &SchemaName) -> QueryResult<Option<Facts>> {
    diesel::sql_query(format!(
        "SELECT n.oid, {STATUS_COMMENT} AS comment, \
         pg_catalog.to_regclass(pg_catalog.format('%I.__diesel_schema_migrations', n.nspname)) IS NOT NULL AS has_versions, \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS server_version, \
         pg_catalog.pg_export_snapshot() AS snapshot FROM pg_catalog.pg_namespace n WHERE n.nspname = $1"
    ))
    .bind::<Text, _>(tenant.as_str())
    .get_result(connection)
    .await
    .optional()
}

/// Oldest first. A version table of the `diesel` command has no checksums.
async fn versions(connection: &mut AsyncPgConnection, tenant: &SchemaName) -> QueryResult<Vec<ExportedVersion>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        version: String,
        #[diesel(sql_type = Nullable<Text>)]
        checksum: Option<String>,
    }

    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT v.version, pg_catalog.to_jsonb(v) ->> 'checksum' AS checksum FROM {} v ORDER BY v.version COLLATE \"C\"",
        version_table(tenant)
    ))
    .load(connection)
    .await?;
    let versions = rows
        .into_iter()
        .map(|Row { version, checksum }| ExportedVersion { version, checksum });
    Ok(versions.collect())
}

async fn requirements(connection: &mut AsyncPgConnection, tenant: &SchemaName) -> QueryResult<Vec<Requirement>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        schema: String,
    }

    let rows: Vec<Row> = diesel::sql_query(include_str!("requirements.sql"))
        .bind::<Text, _>(tenant.as_str())
        .load(connection)
        .await?;
    let requirements = rows
        .into_iter()
        .map(|Row { kind, name, schema }| Requirement { kind, name, schema });
    Ok(requirements.collect())
}

async fn tables(connection: &mut AsyncPgConnection, tenant: &SchemaName) -> QueryResult<Vec<Table>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Array<Text>)]
        columns: Vec<String>,
    }

    let rows: Vec<Row> = diesel::sql_query(include_str!("tables.sql"))
        .bind::<Text, _>(tenant.as_str())
        .load(connection)
        .await?;
    let tables = rows.into_iter().map(|Row { name, columns }| Table { name, columns });
    Ok(tables.collect())
}

/// Read after the snapshot was taken: a number that some row has is never given again.
async fn sequences(connection: &mut AsyncPgConnection, tenant: &SchemaName) -> QueryResult<Vec<Sequence>> {
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = Text)]
        name: String,
    }
    #[derive(QueryableByName)]
    struct Position {
        #[diesel(sql_type = BigInt)]
        last_value: i64,
        #[diesel(sql_type = Bool)]
        is_called: bool,
    }

    let names: Vec<Name> = diesel::sql_query(
        "SELECT c.relname::pg_catalog.text AS name \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relkind = 'S' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e \
         WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e') ORDER BY 1",
    )
    .bind::<Text, _>(tenant.as_str())
    .load(connection)
    .await?;
    let mut sequences = Vec::with_capacity(names.len());
    for Name { name } in names {
        let (schema, quoted) = (tenant.quoted(), identifier(&name));
        let Position { last_value, is_called } =
            diesel::sql_query(format!("SELECT last_value, is_called FROM {schema}.{quoted}"))
                .get_result(connection)
                .await?;
        sequences.push(Sequence {
            name,
            last_value,
            is_called,
        });
    }
    Ok(sequences)
}
