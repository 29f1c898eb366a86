use std::{fmt, sync::Arc};

use diesel::result::Error;
use tracing::{Instrument, debug_span, field::Empty, info_span};

use crate::{SchemaName, tenancy::LifecycleEvent};

/// Whose queries a connection runs, and where: what their spans say of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Label {
    tenant: Option<SchemaName>,
    database: Arc<str>,
}

impl Label {
    pub(crate) fn of(tenant: Option<&SchemaName>, database: &Arc<str>) -> Self {
        Self {
            tenant: tenant.cloned(),
            database: Arc::clone(database),
        }
    }
}

/// A part of the library's work. The names of the fields are those of OpenTelemetry's conventions for databases.
#[derive(Debug, Clone)]
pub(crate) struct Span(tracing::Span);

impl Default for Span {
    fn default() -> Self {
        Self(tracing::Span::none())
    }
}

impl Span {
    pub(crate) fn checkout(system: &'static str, tenant: Option<&SchemaName>, database: &str, read_only: bool) -> Self {
        Self(debug_span!(
            target: "diesel_tenants",
            "checkout",
            db.system.name = system,
            db.namespace = database,
            tenant = tenant.map(SchemaName::as_str),
            read_only,
        ))
    }

    /// `summary` names the tables; it is asked for only if somebody wants to see it. A statement's text is never part
    /// of a span: in raw SQL it may hold values.
    pub(crate) fn query<'a>(
        system: &'static str,
        label: &Label,
        schema: Option<&SchemaName>,
        sql: &str,
        summary: impl FnOnce() -> &'a str,
    ) -> Self {
        let span = debug_span!(
            target: "diesel_tenants",
            "query",
            otel.kind = "client",
            otel.name = Empty,
            db.system.name = system,
            db.namespace = %Namespace(&label.database, schema),
            db.operation.name = Empty,
            db.query.summary = Empty,
            tenant = label.tenant.as_ref().map(SchemaName::as_str),
            "error.type" = Empty,
        );
        if !span.is_disabled() {
            let (operation, tables) = (Operation::of(sql), summary());
            let summary = Summary(&operation, tables);
            span.record("db.operation.name", tracing::field::display(&operation));
            span.record("db.query.summary", tracing::field::display(&summary));
            span.record("otel.name", tracing::field::display(&summary));
        }
        Self(span)
    }

    pub(crate) fn migration(system: &'static str, schema: &SchemaName) -> Self {
        Self(info_span!(
            target: "diesel_tenants",
            "migration",
            db.system.name = system,
            tenant = schema.as_str(),
        ))
    }

    pub(crate) fn lifecycle(event: &LifecycleEvent) -> Self {
        let (tenant, name) = (event.tenant().as_str(), event.name());
        Self(match event {
            LifecycleEvent::Move { to, .. } => info_span!(target: "diesel_tenants", "move", tenant, %to),
            _ => info_span!(target: "diesel_tenants", "lifecycle", operation = name, tenant),
        })
    }

    /// Work for one tenant: a request's handler, or a part of the work for all tenants.
    pub(crate) fn tenant(tenant: &SchemaName) -> Self {
        Self(info_span!("tenant", tenant = tenant.as_str()))
    }

    pub(crate) fn run<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        work.instrument(self.0)
    }

    pub(crate) fn enter(&self) -> tracing::span::Entered<'_> {
        self.0.enter()
    }

    /// Notes the kind of an error. Its message may hold values.
    pub(crate) fn failed(&self, error: &Error) {
        if !self.0.is_disabled() {
            self.0.record("error.type", kind_of(error));
        }
    }

    /// Notes that nobody waited for the answer.
    pub(crate) fn abandoned(&self) {
        self.0.record("error.type", "abandoned");
    }
}

fn kind_of(error: &Error) -> &'static str {
    use diesel::result::DatabaseErrorKind as Kind;
    match error {
        Error::DatabaseError(Kind::UniqueViolation, _) => "unique_violation",
        Error::DatabaseError(Kind::ForeignKeyViolation, _) => "foreign_key_violation",
        Error::DatabaseError(Kind::NotNullViolation, _) => "not_null_violation",
        Error::DatabaseError(Kind::CheckViolation, _) => "check_violation",
        Error::DatabaseError(Kind::RestrictViolation, _) => "restrict_violation",
        Error::DatabaseError(Kind::ExclusionViolation, _) => "exclusion_violation",
        Error::DatabaseError(Kind::SerializationFailure, _) => "serialization_failure",
        Error::DatabaseError(Kind::ReadOnlyTransaction, _) => "read_only_transaction",
        Error::DatabaseError(Kind::ClosedConnection, _) => "closed_connection",
        Error::DatabaseError(Kind::UnableToSendCommand, _) => "unable_to_send_command",
        Error::DatabaseError(_, _) => "database_error",
        Error::DeserializationError(_) => "deserialization_error",
        Error::SerializationError(_) => "serialization_error",
        Error::QueryBuilderError(_) => "query_builder_error",
        _ => "error",
    }
}

/// The schema on the connection, qualified by the database's name.
struct Namespace<'a>(&'a str, Option<&'a SchemaName>);

impl fmt::Display for Namespace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self("", None) => Ok(()),
            Self("", Some(schema)) => f.write_str(schema.as_str()),
            Self(database, None) => f.write_str(database),
            Self(database, Some(schema)) => write!(f, "{database}.{schema}"),
        }
    }
}

/// A statement's first word.
struct Operation<'a>(&'a str);

impl<'a> Operation<'a> {
    fn of(sql: &'a str) -> Self {
        let begin = sql.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
        let end = begin.find(|character: char| !character.is_ascii_alphabetic());
        Self(&begin[..end.unwrap_or(begin.len())])
    }
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .chars()
            .try_for_each(|letter| write!(f, "{}", letter.to_ascii_uppercase()))
    }
}

struct Summary<'a>(&'a Operation<'a>, &'a str);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation, tables) = self;
        write!(f, "{operation}")?;
        match tables.is_empty() {
            true => Ok(()),
            false => write!(f, " {tables}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_the_first_word_and_never_a_value() {
        for (sql, operation) in [
            ("SELECT 1", "SELECT"),
            ("  (select 'x')", "SELECT"),
            ("insert into a values ('secret')", "INSERT"),
            ("'secret'", ""),
            ("", ""),
            ("-- secret\nSELECT 1", ""),
        ] {
            assert_eq!(Operation::of(sql).to_string(), operation, "{sql}");
        }
    }
}
