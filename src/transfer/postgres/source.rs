use diesel::result::Error as DieselError;
use diesel_async::SimpleAsyncConnection;

use super::{
    head::{CreateStatements, Head},
    rows::Table,
};
use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::{
        catalog::{
            requirements::requirements,
            row_tables::row_tables,
            schema::{SchemaState, state_of},
            sequences::{Sequence, sequences},
        },
        copy_settings::between_sessions,
        snapshot::export_snapshot,
        structure::{Object, Structure, left_behind, read},
        version_table::applied_with_checksums,
    },
    tenancy::{ArchiveNote, TenantStatus},
    transfer::{ExportError, ExportedVersion},
};

/// Everything in an export except rows, as of one moment.
pub(super) struct Source {
    pub(super) head: Head,
    pub(super) structure: Structure,
    pub(super) tables: Vec<Table>,
    pub(super) sequences: Vec<Sequence>,
    /// The OID of the schema, which identifies it under any name.
    pub(super) oid: u32,
    /// The id of the snapshot, which other sessions can use as long as `connection` lives.
    pub(super) snapshot: String,
    /// The connection that holds the snapshot, in a transaction.
    pub(super) connection: PostgresConnection,
}

/// Whether a tenant is suspended; `None` if the schema is not a tenant. For an archive, whether the tenant would be
/// suspended when restored.
fn is_suspended(state: &SchemaState) -> Option<bool> {
    match state.status {
        TenantStatus::Active => Some(false),
        TenantStatus::Suspended => Some(true),
        TenantStatus::Archived => {
            let note = ArchiveNote::of_comment(state.comment.as_deref()?)?;
            Some(note.status() == TenantStatus::Suspended)
        }
        TenantStatus::Spare | TenantStatus::Unfinished => None,
    }
}

impl Source {
    pub(super) async fn connect(pool: &TenantPool, tenant: &SchemaName) -> Result<PostgresConnection, ExportError> {
        let connected = pool.migration_connector().connect().await;
        connected.map_err(|source| ExportError::Connect {
            tenant: tenant.clone(),
            source,
        })
    }

    /// Begins with statements that take locks, or that limit how long to wait for them. `renames`: whether the schema
    /// may get another name, so that texts with the current name would lead elsewhere.
    pub(super) async fn read(
        mut connection: PostgresConnection,
        tenant: &SchemaName,
        locks: &str,
        renames: bool,
    ) -> Result<Self, ExportError> {
        let failed = |source: DieselError| ExportError::Structure {
            tenant: tenant.clone(),
            source,
        };
        let unknown = || ExportError::UnknownTenant { tenant: tenant.clone() };
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; {locks}; {}",
            between_sessions()
        );
        connection.batch_execute(&begin).await.map_err(failed)?;
        let state = state_of(tenant, &mut connection).await.map_err(failed)?;
        let state = state.ok_or_else(unknown)?;
        let is_suspended = is_suspended(&state).ok_or_else(unknown)?;
        let snapshot = export_snapshot(&mut connection).await.map_err(failed)?;
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
        let versions = match state.has_versions {
            true => applied_with_checksums(&mut connection, tenant).await.map_err(failed)?,
            false => Vec::new(),
        };
        let (before, after) = structure.objects.split_at(structure.before_rows());
        let head = Head {
            tenant: tenant.as_str().to_owned(),
            server_version: u32::try_from(snapshot.server_version).unwrap_or_default(),
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            is_suspended,
            versions: versions.into_iter().map(ExportedVersion::from).collect(),
            requirements: requirements(&mut connection, tenant).await.map_err(failed)?,
            before: all_create_statements(before),
            after: all_create_statements(after),
        };
        let oversized = head.oversized();
        if !oversized.is_empty() {
            return Err(ExportError::Unsupported {
                tenant: tenant.clone(),
                objects: oversized,
            });
        }
        let tables = row_tables(&mut connection, tenant).await.map_err(failed)?;
        Ok(Self {
            head,
            structure,
            tables: tables.into_iter().map(Table::from).collect(),
            // Read after the snapshot was taken, so that a number that some row has is never generated again.
            sequences: sequences(&mut connection, tenant).await.map_err(failed)?,
            oid: state.oid,
            snapshot: snapshot.name,
            connection,
        })
    }
}

/// The error if a structure can't be exported.
fn refusal(tenant: &SchemaName, structure: &Structure, left: Vec<String>) -> Option<ExportError> {
    let tenant = tenant.clone();
    if !structure.unsupported.is_empty() {
        let objects = structure.unsupported.clone();
        return Some(ExportError::Unsupported { tenant, objects });
    }
    (!left.is_empty()).then_some(ExportError::Unclear { tenant, objects: left })
}

fn all_create_statements(objects: &[Object]) -> Vec<CreateStatements> {
    let made_alone = objects.iter().filter(|object| !object.inline);
    made_alone.map(create_statements).collect()
}

pub(super) fn create_statements(object: &Object) -> CreateStatements {
    CreateStatements {
        object: object.to_string(),
        statements: object.make.join(";\n"),
    }
}
