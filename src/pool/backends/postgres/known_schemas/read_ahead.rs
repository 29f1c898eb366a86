//! Decides when schemas are looked up together, ahead of their first checkouts, and which ones.
//!
//! A pool that serves many tenants asks the catalog for one schema after the other, a round trip each. After every
//! [`LOOK_UPS`] of those, the next [`SCHEMAS`] schemas by name are looked up by one query. So the cost stays in
//! proportion to the schemas in use, whatever their number in the database, and each schema is read at most once in the
//! time for which it is remembered.

use std::{sync::Arc, time::Instant};

use diesel::QueryResult;

use super::{
    read_progress::{Progress, ReadAhead},
    schemas::Schemas,
};
use crate::{PostgresConnection, backend::postgres::catalog::schema::schemas_after};

/// How many schemas are looked up one by one before the next are looked up together.
const LOOK_UPS: usize = 32;

/// How many schemas are looked up together: some milliseconds of the server's time.
const SCHEMAS: usize = 1_000;

/// Schemas that are to be looked up together. There is one portion at a time.
pub(crate) struct Portion {
    schemas: Arc<Schemas>,
    after: String,
}

impl Schemas {
    /// The schemas to look up now, if it is time for that. Call it after each look-up of a single schema.
    pub(crate) fn portion_due(self: &Arc<Self>) -> Option<Portion> {
        let mut progress = self.ahead.as_ref()?.progress();
        progress.look_ups += 1;
        if progress.look_ups < LOOK_UPS || progress.is_reading {
            return None;
        }
        if progress.begun.is_none_or(|begun| !self.counts(begun)) {
            *progress = Progress {
                begun: Some(Instant::now()),
                ..Progress::default()
            };
        }
        if progress.is_complete {
            return None;
        }
        progress.look_ups = 0;
        progress.is_reading = true;
        Some(Portion {
            after: progress.last.clone(),
            schemas: Arc::clone(self),
        })
    }

    /// Has schemas looked up ahead of their first checkouts if there is room to remember them, and time.
    pub(crate) fn reading_ahead(mut self, reads_ahead: bool) -> Self {
        self.ahead = (reads_ahead && self.capacity() >= SCHEMAS && self.remembers()).then(ReadAhead::default);
        self
    }
}

impl Portion {
    /// Asks the catalog for the schemas, and remembers them.
    pub(crate) async fn look_up(&self, connection: &mut PostgresConnection) -> QueryResult<()> {
        let listing = self.schemas.list();
        let found = schemas_after(&self.after, SCHEMAS, connection).await?;
        listing.remember_all(&found.active).await;
        if let Some(ahead) = &self.schemas.ahead {
            let mut progress = ahead.progress();
            progress.read += found.read;
            progress.is_complete = found.read < SCHEMAS || progress.read + SCHEMAS > self.schemas.capacity();
            progress.last = found.last.unwrap_or_default();
        }
        Ok(())
    }
}

impl Drop for Portion {
    fn drop(&mut self) {
        if let Some(ahead) = &self.schemas.ahead {
            ahead.progress().is_reading = false;
        }
    }
}
