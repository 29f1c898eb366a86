//! Connections to MySQL and MariaDB.

use diesel_async::AsyncMysqlConnection;

use super::Wrapped;

impl Wrapped for AsyncMysqlConnection {
    // The server has room for a number of statements of all its connections.
    const KEEPS_WITHOUT_BOUNDS: bool = true;
}
