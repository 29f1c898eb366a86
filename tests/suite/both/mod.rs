//! What holds on every kind of database: each scenario is written once, and runs on PostgreSQL, with the feature
//! `sqlite` on files of SQLite, and with the feature `mysql` on MariaDB. What one of them alone has is in the other files
//! of `tests/suite`, in `tests/sqlite` and in `tests/mysql`; what they do differently is in `differences`.

mod archives;
mod creating;
mod current_tenant;
mod differences;
mod directory;
mod each_tenant;
mod figures;
mod fleets;
mod hooks;
mod maps;
#[cfg(feature = "mysql")]
mod mysql_place;
mod recorder;
mod renaming;
mod reserved_names;
mod store;
mod suspending;
mod test_backend;

/// Makes a test of each scenario for each kind of database.
macro_rules! on_each {
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

        #[cfg(feature = "mysql")]
        mod on_mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $scenario() {
                super::$scenario::<diesel_tenants::Mysql>().await;
            })*
        }
    };
}

use on_each;
pub use recorder::Recorder;
