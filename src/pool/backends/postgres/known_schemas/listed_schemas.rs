//! Remembers schemas ahead of their first checkout, from a list of them. Tenants may change while the list is read.

use std::{sync::Arc, time::Instant};

use super::{
    forgotten_meanwhile::ForgottenMeanwhile,
    schemas::{Known, Schemas},
};
use crate::{SchemaName, backend::postgres::catalog::schema::SchemaIdentity, query::Translation};

/// How many schemas of the list are remembered before other tasks of the thread have a turn.
const AT_A_TIME: usize = 256;

/// A list of schemas that is read. Made before the catalog is asked for the list; there is one at a time.
pub(crate) struct Listing<'a> {
    schemas: &'a Schemas,
    begun: Instant,
}

impl Schemas {
    /// Notes from now on, until the listing is dropped, what is forgotten.
    pub(crate) fn list(&self) -> Listing<'_> {
        *self.forgotten_meanwhile() = Some(ForgottenMeanwhile::default());
        Listing {
            schemas: self,
            begun: Instant::now(),
        }
    }

    /// How many schemas are remembered at most.
    pub(crate) fn capacity(&self) -> usize {
        self.known.capacity() as usize
    }
}

impl Listing<'_> {
    /// Remembers the schemas that are on the list.
    pub(crate) async fn remember_all(&self, listed: &[(SchemaName, SchemaIdentity)]) {
        for some in listed.chunks(AT_A_TIME) {
            for (schema, identity) in some {
                self.remember(schema, *identity);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Remembers a schema that is on the list, unless it was forgotten meanwhile, or the catalog was asked for the
    /// schema itself.
    fn remember(&self, schema: &SchemaName, identity: SchemaIdentity) {
        let schemas = self.schemas;
        // Held until the schema is remembered: whoever forgets it meanwhile finds it remembered then.
        let forgotten = schemas.forgotten_meanwhile();
        if forgotten.as_ref().is_none_or(|forgotten| forgotten.has(schema)) {
            return;
        }
        let map = schemas.map_of(schema);
        let namespace = Some(identity.oid.into());
        let translation = match schemas.known.get(&map) {
            None => Arc::new(Translation::of_schema(map.clone(), namespace)),
            // Whether the types are still the same, only the look-up of this one schema can tell.
            Some(Known { translation, seen, .. })
                if seen.is_none_or(|seen| !schemas.counts(seen))
                    && translation.namespace() == namespace
                    && !translation.names_types() =>
            {
                translation
            }
            Some(_) => return,
        };
        let known = Known {
            translation,
            identity: Some(identity),
            types: None,
            seen: Some(self.begun),
        };
        schemas.known.insert(map, known);
    }
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        *self.schemas.forgotten_meanwhile() = None;
    }
}
