//! How reports become JSON: times in seconds, names and errors as text.

use std::{error::Error, fmt::Display, time::Duration};

use serde::Serializer;

use crate::{MigrationError, SchemaName};

pub(in crate::migrations) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

pub(in crate::migrations) fn text<S: Serializer>(name: &SchemaName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.as_str())
}

pub(in crate::migrations) fn texts<S: Serializer>(names: &[SchemaName], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(SchemaName::as_str))
}

pub(in crate::migrations) fn displayed<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(in crate::migrations) fn if_any<S: Serializer>(
    value: &Option<impl Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// The error and its causes.
pub(in crate::migrations) fn causes<S: Serializer>(error: &MigrationError, serializer: S) -> Result<S::Ok, S::Error> {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    serializer.serialize_str(&message)
}
