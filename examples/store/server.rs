//! The server that the examples use.

use diesel_tenants_test_support::Server;

/// The database of `DATABASE_URL`, or else of a throw-away server, which is there as long as the [`Server`] is.
pub fn url() -> (String, Option<Server>) {
    match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = Server::start();
            (server.url_for("postgres"), Some(server))
        }
    }
}
