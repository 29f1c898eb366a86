use super::TenantPool;

/// The pool's connections, and the checkouts that wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The largest number of connections.
    pub max_size: usize,
    /// How many connections there are, checked out or not.
    pub size: usize,
    /// How many connections are free.
    pub available: usize,
    /// How many checkouts are waiting.
    pub waiting: usize,
}

impl TenantPool {
    /// Counts the pool's connections.
    pub fn status(&self) -> PoolStatus {
        let deadpool::Status {
            max_size,
            size,
            available,
            waiting,
        } = self.0.connections.status();
        PoolStatus {
            max_size,
            size,
            available,
            waiting,
        }
    }
}
