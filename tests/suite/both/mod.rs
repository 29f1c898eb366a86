//! What holds on every kind of database: each scenario is written once, and runs on PostgreSQL and, with the feature
//! `sqlite`, on files of SQLite. What one of them alone has is in the other files of `tests/suite`, and in
//! `tests/sqlite`; what they do differently is in `differences`.

mod archives;
mod creating;
mod current_tenant;
mod differences;
mod each_tenant;
mod fleets;
mod hooks;
mod maps;
mod recorder;
mod renaming;
mod store;
mod suspending;
mod test_backend;

/// Makes a test of each scenario for each kind of database.
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $scenario() {
                super::$scenario::<diesel_tenants::Postgres>().await;
            })*
        }

        #[cfg(feature = "sqlite")]
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $scenario() {
                super::$scenario::<diesel_tenants::Sqlite>().await;
            })*
        }
    };
}

use on_both;
pub use recorder::Recorder;
