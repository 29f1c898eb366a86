//! Records what is done to a tenant in the directory, and tells all processes that listen.

use std::fmt::Write as _;

use super::CHANNEL;
use crate::{TenantPool, backend::postgres::quote::literal, tenancy::DirectoryChange};

impl TenantPool {
    /// SQL that records a change in the directory, and notifies the processes that listen. It belongs in the
    /// transaction of the change itself.
    pub(crate) fn note(&self, change: &DirectoryChange<'_>) -> String {
        let mut sql = match self.remembered() {
            Some(remembered) => remembered.directory.record(change, self).unwrap_or_default(),
            None => String::new(),
        };
        for name in change.names() {
            let news = literal(&format!("t:{}", name.as_str()));
            let _ = write!(sql, ";\nSELECT pg_catalog.pg_notify('{CHANNEL}', {news})");
        }
        sql.push_str(";\n");
        sql
    }
}
