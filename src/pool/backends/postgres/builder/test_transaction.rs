//! All of a pool's work in one transaction, for a test.

use super::TenantPoolBuilder;

/// # Tests
impl TenantPoolBuilder {
    /// Runs all of the pool's work in one transaction, which is rolled back when the pool and its checkouts are
    /// dropped, also if the test panics. Default: each checkout commits what it does.
    ///
    /// The pool has one connection, whatever [`max_size`](Self::max_size) says: a checkout waits until the one before
    /// it is dropped. After 5 seconds, or the [`wait_timeout`](Self::wait_timeout) if one is set, it fails with [`TestTransactionInUse`](crate::CheckoutError::TestTransactionInUse): code that holds two checkouts
    /// at once can't be tested like this. Each further database has a transaction of its own.
    ///
    /// To the code under test it looks as if there were no transaction. Its own transactions are savepoints; a
    /// statement outside of them that fails is undone alone. These things differ:
    ///
    /// - `now()` stands still, deferred constraints are never checked, and nobody is notified.
    /// - Sequences go on counting, as after any rollback.
    /// - Isolation levels have no effect. [`read_only`](crate::pool::CheckoutRequest::read_only) checkouts could write,
    ///   and [`listen`](Self::listen) does nothing.
    /// - What lasts until the end of a transaction lasts until the end of the test: `SET LOCAL`, row locks, advisory
    ///   locks of a transaction, cursors, `ON COMMIT`. `LOCK TABLE` works outside of a transaction; `VACUUM` and
    ///   `CREATE INDEX CONCURRENTLY` don't work at all.
    /// - If one of several queries that run side by side on a checkout fails, those behind it fail too.
    /// - Raw SQL that begins or ends a transaction is [refused](crate::RefusedStatement::EndsTest). So is
    ///   diesel-async's `begin_test_transaction`, by a panic; its `test_transaction` works.
    /// - Scripts, migrations and their status, drift, exports, and whatever creates, changes or copies tenants, need a
    ///   connection of their own, which is refused ([`OutsideTest`](crate::ConnectError::OutsideTest)).
    /// - When the pool has to close the connection, because a query was abandoned or something was left on the session
    ///   (`SET`, or what `DO`, `CALL` and `EXECUTE` may leave), the transaction is over, and each further checkout fails
    ///   ([`TestIsOver`](crate::ConnectError::TestIsOver)).
    /// - A pool [without async](crate::blocking) can't be built with this option.
    ///
    /// ```no_run
    /// # async fn run(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::TenantPool;
    ///
    /// let pool = TenantPool::builder(url).test_transaction().build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn test_transaction(mut self) -> Self {
        self.options.test_transaction = true;
        self
    }
}
