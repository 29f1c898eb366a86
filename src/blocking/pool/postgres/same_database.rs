//! Makes sure that the pool without async and the async one behind it reach the same database.

use diesel::{
    QueryableByName, RunQueryDsl, connection::LoadConnection, pg::Pg, query_builder::SqlQuery, r2d2::R2D2Connection,
    sql_types::Text,
};

use super::{HAS_ONE, slot};
use crate::{
    blocking::pool::{BuildError, TenantPool},
    pool::{Deadline, Target},
};

impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Compares where the two drivers are connected to. libpq also reads the environment, such as `PGPORT` and
    /// `PGDATABASE`.
    pub(super) fn refuse_another_database(&self) -> Result<(), BuildError> {
        let failed = |source| BuildError::Connect(self.as_async().connector().failed_query(source));
        let mut slot =
            slot(self, &Target::Shared, Deadline::after(self.wait_timeout())).map_err(BuildError::of_checkout)?;
        let connection = slot.connection_mut().expect(HAS_ONE);
        let reached: DatabaseAndServer = database_and_server()
            .get_result(&mut connection.inner)
            .map_err(failed)?;
        let expected = self.run(|pool| async move {
            let mut checkout = pool.shared().get().await.map_err(BuildError::of_checkout)?;
            let found = diesel_async::RunQueryDsl::get_result(database_and_server(), checkout.untranslated()).await;
            found.map_err(|source| BuildError::Connect(pool.connector().failed_query(source)))
        })?;
        match reached == expected {
            true => Ok(()),
            false => Err(BuildError::AnotherDatabase {
                expected: expected.database,
                reached: reached.database,
            }),
        }
    }
}

/// A database, and since when its server runs: no two servers started at the same microsecond.
#[derive(Debug, PartialEq, QueryableByName)]
struct DatabaseAndServer {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    since: String,
}

fn database_and_server() -> SqlQuery {
    diesel::sql_query(
        "SELECT pg_catalog.current_database()::pg_catalog.text AS database, \
         EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.text AS since",
    )
}
