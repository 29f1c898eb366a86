use diesel::{QueryResult, backend::Backend, pg::Pg, query_builder::QueryFragment};

use super::{
    Translation,
    type_names::{TypeNames, look_up_type},
};
#[cfg(feature = "mysql")]
use crate::backend::mysql;
use crate::{backend::postgres::engine, translate::Dialect};

/// A database whose queries can be translated. What differs between databases is behind this trait.
///
/// Implemented for PostgreSQL ([`Pg`]), for SQLite with the feature `sqlite`, and for MySQL and MariaDB with the feature
/// `mysql`.
pub trait TranslatedBackend: Backend<QueryBuilder: Default> + Default + 'static {
    /// The dialect in which Diesel writes this database's queries.
    #[doc(hidden)]
    const DIALECT: Dialect;

    /// The name of the kind of database, by OpenTelemetry's conventions.
    #[doc(hidden)]
    const SYSTEM: &'static str = match Self::DIALECT {
        Dialect::Postgres => "postgresql",
        Dialect::Sqlite => "sqlite",
        Dialect::Mysql => "mysql",
        _ => "other_sql",
    };

    /// Returns a `'static` backend. Diesel's AST pass only lends one for the call.
    #[doc(hidden)]
    fn get() -> &'static Self;

    /// Whether a connection has to open a schema before a statement can use it.
    #[doc(hidden)]
    const OPENS_SCHEMAS: bool = false;

    /// Whether a failure of the statement undoes all of it, so that it can be sent again.
    #[doc(hidden)]
    fn fails_whole(sql: &str) -> bool;

    /// Whether the session may remember an id that the statement generated.
    #[doc(hidden)]
    fn leaves_id(_: &str) -> bool {
        false
    }

    /// Collects the values of a query. By default the types that it names are looked up as the query names them.
    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate implements these methods")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        out: &mut Self::BindCollector<'b>,
        lookup: &mut Self::MetadataLookup,
        backend: &'b Self,
    ) -> QueryResult<()>
    where
        Q: QueryFragment<Self>,
    {
        let _ = translation;
        query.collect_binds(out, lookup, backend)
    }
}

impl TranslatedBackend for Pg {
    const DIALECT: Dialect = Dialect::Postgres;

    fn get() -> &'static Self {
        &Self
    }

    fn fails_whole(sql: &str) -> bool {
        engine::fails_whole(sql)
    }

    // Looks custom types up under the map, which translates the schemas that the query names for them. A lookup can't
    // be wrapped, since Diesel asks for one without lifetimes: the names are recorded first, and the answers played
    // back.
    #[expect(private_interfaces, reason = "only this crate implements these methods")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        out: &mut Self::BindCollector<'b>,
        lookup: &mut Self::MetadataLookup,
        backend: &'b Self,
    ) -> QueryResult<()>
    where
        Q: QueryFragment<Self>,
    {
        let collected = out.binds.len();
        let mut types = TypeNames::default();
        query.collect_binds(out, &mut types, backend)?;
        if types.answers.is_empty() {
            return Ok(());
        }
        for ((schema, name), answer) in &mut types.answers {
            *answer = look_up_type(lookup, translation, name, schema.as_deref());
        }
        out.binds.truncate(collected);
        out.metadata.truncate(collected);
        query.collect_binds(out, &mut types, backend)
    }
}

#[cfg(feature = "sqlite")]
impl TranslatedBackend for diesel::sqlite::Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;

    // A schema is a file.
    const OPENS_SCHEMAS: bool = true;

    fn get() -> &'static Self {
        &Self
    }

    // SQLite prepares outdated statements anew by itself: no statement is ever sent again.
    fn fails_whole(_: &str) -> bool {
        false
    }
}

#[cfg(feature = "mysql")]
impl TranslatedBackend for diesel::mysql::Mysql {
    const DIALECT: Dialect = Dialect::Mysql;

    fn get() -> &'static Self {
        &Self
    }

    // The server prepares outdated statements anew by itself.
    fn fails_whole(_: &str) -> bool {
        false
    }

    fn leaves_id(sql: &str) -> bool {
        mysql::last_insert_id::leaves_id(sql)
    }
}
