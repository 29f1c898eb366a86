use std::collections::HashSet;

use crate::SchemaName;

/// Schemas that were forgotten while a list was being read. The list may be older than the change, so its rows for them
/// are ignored.
#[derive(Default)]
pub(super) struct ForgottenMeanwhile {
    all: bool,
    schemas: HashSet<SchemaName>,
}

impl ForgottenMeanwhile {
    /// `None` stands for every schema.
    pub(super) fn add(&mut self, schema: Option<&SchemaName>) {
        match schema {
            Some(schema) => {
                self.schemas.insert(schema.clone());
            }
            None => self.all = true,
        }
    }

    pub(super) fn has(&self, schema: &SchemaName) -> bool {
        self.all || self.schemas.contains(schema)
    }
}
