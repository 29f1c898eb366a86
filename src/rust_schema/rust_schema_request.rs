//! The options of the declarations, on any kind of database.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AllowTogether, RustSchema, RustSchemaError, SchemaWarning,
    declare::declare,
    names::is_schema_in_rust,
    options::{Database, Options},
    write,
};
use crate::{
    SchemaName, TenantPool,
    backend::typed_tables::{Relation, TypedTables},
    pool::{Backend, Postgres},
};

/// Declares tables in Rust, from migrations or from a tenant. See [`TenantPool::rust_schema`].
#[must_use = "nothing is read until `from_migrations` or `from_tenant` is awaited"]
#[derive(Debug, Clone)]
pub struct RustSchemaRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    except: BTreeSet<String>,
    sql_types: BTreeMap<String, String>,
    together: AllowTogether,
    pub(super) template: String,
    pub(super) set_up: String,
}

impl<'a, B: Backend> RustSchemaRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>) -> Self {
        Self {
            pool,
            except: BTreeSet::new(),
            sql_types: BTreeMap::new(),
            together: AllowTogether::default(),
            template: "template0".to_owned(),
            set_up: String::new(),
        }
    }

    /// Leaves out tables and views of these names, both shared ones and tenants'. Default: none.
    pub fn except<S: Into<String>>(mut self, tables: impl IntoIterator<Item = S>) -> Self {
        self.except.extend(tables.into_iter().map(Into::into));
        self
    }

    /// Uses your own type, or a library's, for a type of the database: `("tsvector",
    /// "diesel_full_text_search::TsVector")`. Both names may be qualified by a schema or a path. Default: a struct is
    /// declared for each type that Diesel lacks, and a domain is declared as its base type. On SQLite and
    /// MySQL, a column whose type Diesel lacks is left out; the name is compared without regard to case, and stands
    /// for the type with any length.
    pub fn sql_type(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.sql_types.insert(name.into(), path.into());
        self
    }

    /// Which tables may appear together in one query. Default: all.
    pub fn allow_together(mut self, together: AllowTogether) -> Self {
        self.together = together;
        self
    }

    /// The options with which the tables of this tenant are declared. `extension_schemas` are PostgreSQL's.
    pub(super) fn options(
        &self,
        tenant: &SchemaName,
        database: Database,
        extension_schemas: &[SchemaName],
    ) -> Result<Options, RustSchemaError> {
        let symbolic_schema = self.pool.symbolic_schema().map(ToOwned::to_owned);
        for schema in std::iter::once(self.pool.shared_schema().as_str()).chain(symbolic_schema.as_deref()) {
            if !is_schema_in_rust(schema) {
                return Err(RustSchemaError::SchemaNotAnIdentifier {
                    schema: schema.to_owned(),
                });
            }
        }
        Ok(Options {
            database,
            shared_schema: self.pool.shared_schema().clone(),
            tenant: tenant.clone(),
            symbolic_schema,
            extension_schemas: extension_schemas.to_vec(),
            except: self.except.clone(),
            sql_types: self.sql_types.clone(),
            together: self.together,
        })
    }
}

/// Declares tables that were read.
pub(super) fn declared(tables: &TypedTables, options: &Options) -> RustSchema {
    let declarations = declare(tables, options);
    let [shared, tenant] = write::texts(&declarations, options);
    let mut warnings = declarations.warnings;
    warnings.extend(namesakes(&tables.relations, options));
    warnings.sort();
    RustSchema {
        shared,
        tenant,
        warnings,
    }
}

/// The name of the tenant in a scratch database. It appears in no declaration.
pub(super) const SCRATCH_TENANT: &str = "diesel_tenants_scratch";

/// Warnings about tenants' tables that have the name of another table.
fn namesakes(relations: &[Relation], options: &Options) -> Vec<SchemaWarning> {
    let of = |schema: &str| -> BTreeSet<&str> {
        let found = relations.iter().filter(|relation| relation.schema == schema);
        found
            .map(|relation| relation.name.as_str())
            .filter(|name| !options.except.contains(*name))
            .collect()
    };
    let (tenant, shared) = (of(options.tenant.as_str()), of(options.shared_schema.as_str()));
    let in_both = tenant.intersection(&shared).map(|table| SchemaWarning::InBoth {
        table: (*table).to_owned(),
    });
    let public = if options.shared_schema.as_str() == "public" {
        BTreeSet::new()
    } else {
        of("public")
    };
    let in_public = tenant.intersection(&public).map(|table| SchemaWarning::InPublic {
        table: (*table).to_owned(),
    });
    in_both.chain(in_public).collect()
}
