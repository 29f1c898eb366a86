//! What the catalogs say: which objects a schema has, and which transaction wrote what is said about them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Access, AuditError, Leak},
    observer::Observer,
};

/// For each object, or schema, that isn't the tenant's: a mark that changes when something about it is written.
#[derive(Debug, Default)]
pub(super) struct Catalogs(BTreeMap<(String, Option<String>), String>);

impl Catalogs {
    pub(super) async fn read(observer: &Observer, allowed: &[String]) -> Result<Self, AuditError> {
        let attempt = "read the structure of the other schemas";
        let rows = observer
            .query(attempt, include_str!("changes.sql"), &[&allowed])
            .await?;
        Ok(Self(
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect(),
        ))
    }

    pub(super) fn since(&self, before: &Self) -> Vec<Leak> {
        let mut names: BTreeSet<_> = self.0.keys().chain(before.0.keys()).collect();
        // A schema that comes or goes says all.
        let is_lasting = |schema: &String| {
            let schema = (schema.clone(), None);
            self.0.contains_key(&schema) && before.0.contains_key(&schema)
        };
        names.retain(|(schema, object)| object.is_none() || is_lasting(schema));
        let leak = |name: &(String, Option<String>)| {
            let evidence = match (before.0.get(name), self.0.get(name)) {
                (None, Some(_)) => "created",
                (Some(_), None) => "dropped",
                (then, now) if then == now => return None,
                _ => "its definition, its rights or its storage changed",
            };
            Some(Leak {
                schema: name.0.clone(),
                object: name.1.clone(),
                access: Access::Changed,
                evidence: evidence.to_owned(),
                statements: Vec::new(),
                is_certain: false,
            })
        };
        names.into_iter().filter_map(leak).collect()
    }
}
