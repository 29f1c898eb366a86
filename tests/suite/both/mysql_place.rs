//! A server of MariaDB for one scenario at a time: a tenant's database has the tenant's name on the whole server.

use std::sync::{Condvar, Mutex};

use diesel_tenants::MysqlUrl;
use diesel_tenants_test_support::MariaDb;

static IS_TAKEN: Mutex<bool> = Mutex::new(false);
static RELEASED: Condvar = Condvar::new();

/// The server, without databases, until it is dropped.
pub struct MysqlPlace(());

impl MysqlPlace {
    pub fn take() -> Self {
        let taken = IS_TAKEN.lock().unwrap();
        *RELEASED.wait_while(taken, |is_taken| *is_taken).unwrap() = true;
        let place = Self(());
        let mut session = MariaDb::shared().session().unwrap();
        let databases = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN \
                         ('information_schema', 'mysql', 'performance_schema', 'sys')";
        for database in session.run(databases).unwrap() {
            let drop = format!(
                "SET STATEMENT foreign_key_checks = 0 FOR DROP DATABASE `{}`",
                database[0]
            );
            session.run(&drop).unwrap();
        }
        place
    }

    pub fn url(&self) -> MysqlUrl {
        MariaDb::shared().url().parse().unwrap()
    }
}

impl Drop for MysqlPlace {
    fn drop(&mut self) {
        *IS_TAKEN.lock().unwrap() = false;
        RELEASED.notify_one();
    }
}
