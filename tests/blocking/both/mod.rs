//! What a pool without async does alike on PostgreSQL and on SQLite: each scenario runs on both.

mod checkouts;
#[expect(clippy::result_large_err, reason = "these are the errors of the async pool")]
mod kind;
mod tenants;

#[cfg(feature = "sqlite")]
pub use kind::Kind;

/// Makes a test of each scenario for each kind of database.
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod on_postgres {
            $(#[test] fn $scenario() { super::$scenario::<diesel::PgConnection>(); })*
        }

        #[cfg(feature = "sqlite")]
        mod on_sqlite {
            $(#[test] fn $scenario() { super::$scenario::<diesel_tenants::Sqlite>(); })*
        }
    };
}

use on_both;
