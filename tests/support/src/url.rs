use std::fmt::Write;

use tokio_postgres::config::Host;

use crate::StartError;

/// The address of a server: a URL around the place where the database's name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl {
    before: String,
    /// The database that `DATABASE_URL` names, which is surely one its role may connect to.
    home: Option<String>,
    after: String,
    host: String,
    port: u16,
}

impl ServerUrl {
    pub(crate) fn own(user: &str, password: &str, port: u16) -> Self {
        Self {
            before: format!("postgres://{user}:{password}@127.0.0.1:{port}"),
            home: Some("postgres".to_owned()),
            after: String::new(),
            host: "127.0.0.1".to_owned(),
            port,
        }
    }

    pub(crate) fn parse(url: &str) -> Result<Self, StartError> {
        let (scheme, rest) = url.split_once("://").ok_or(StartError::DatabaseUrl { source: None })?;
        let config: tokio_postgres::Config = url
            .parse()
            .map_err(|source| StartError::DatabaseUrl { source: Some(source) })?;
        let (place, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        Ok(Self {
            before: format!("{scheme}://{authority}"),
            home: (!path.is_empty()).then(|| path.to_owned()),
            after: query.to_owned(),
            host: match config.get_hosts().first() {
                Some(Host::Tcp(host)) => host.clone(),
                Some(Host::Unix(folder)) => folder.display().to_string(),
                None => "localhost".to_owned(),
            },
            port: config.get_ports().first().copied().unwrap_or(5432),
        })
    }

    /// Where the server is, without what is secret.
    pub(crate) fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// To connect to for work on the server as a whole.
    pub(crate) fn maintenance(&self) -> String {
        let Self {
            before, home, after, ..
        } = self;
        match home {
            Some(home) => format!("{before}/{home}{after}"),
            None => format!("{before}{after}"),
        }
    }

    pub(crate) fn database(&self, name: &str) -> String {
        let mut url = format!("{}/", self.before);
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || byte == b'_' {
                url.push(char::from(byte));
            } else {
                write!(url, "%{byte:02X}").expect("a String takes everything");
            }
        }
        url + &self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_takes_the_place_of_the_one_named_and_the_rest_stays() {
        for (given, maintenance, database, port) in [
            (
                "postgres://u:p@h:5433/home",
                "postgres://u:p@h:5433/home",
                "postgres://u:p@h:5433/x",
                5433,
            ),
            ("postgresql://u@h", "postgresql://u@h", "postgresql://u@h/x", 5432),
            (
                "postgres://u@h?sslmode=disable",
                "postgres://u@h?sslmode=disable",
                "postgres://u@h/x?sslmode=disable",
                5432,
            ),
            (
                "postgres:///a?host=/run/pg&port=7",
                "postgres:///a?host=/run/pg&port=7",
                "postgres:///x?host=/run/pg&port=7",
                7,
            ),
        ] {
            let url = ServerUrl::parse(given).unwrap();
            assert_eq!(url.maintenance(), maintenance);
            assert_eq!(url.database("x"), database);
            assert_eq!(url.port(), port);
        }
    }

    #[test]
    fn any_name_survives_the_way_through_a_url() {
        let name = "Größe 100% \"a/b?c\"";
        let url = ServerUrl::own("u", "p", 7).database(name);
        assert_eq!(url.parse::<tokio_postgres::Config>().unwrap().get_dbname(), Some(name));
    }

    #[test]
    fn what_is_no_url_is_refused_without_showing_it() {
        for given in [
            "host=localhost password=secret",
            "postgres://u:secret@h:nine/db",
            "secret",
        ] {
            let message = ServerUrl::parse(given).unwrap_err().to_string();
            assert!(
                message.contains("DATABASE_URL") && !message.contains("secret"),
                "{message}"
            );
        }
    }
}
