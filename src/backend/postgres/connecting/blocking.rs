//! Connections of Diesel itself, which block: where they connect to, and what they must prove.

use std::fmt::Write as _;

use diesel::{OptionalExtension, RunQueryDsl, connection::LoadConnection, pg::Pg, sql_types::Array, sql_types::Text};

use super::{safe_session::unsafe_schema_query, session_proof::Token, startup::SILENCE};
use crate::backend::postgres::{ConnectError, Connector};

impl Connector {
    /// Opens a connection of Diesel itself to the database at `url`. It must be the database of this connector, as
    /// another driver names it.
    pub(crate) fn connect_blocking<C>(&self, url: &str, is_libpq: bool) -> Result<C, ConnectError>
    where
        C: LoadConnection<Backend = Pg>,
    {
        self.must_not_be_outside_test()?;
        let token = Token::new();
        let opened = C::establish(&self.url_with_options(url, token, is_libpq));
        let mut connection = opened.map_err(|source| ConnectError::Setup {
            server: self.server.clone(),
            source,
        })?;
        self.refuse_unsafe_blocking_session(&mut connection, token)?;
        Ok(connection)
    }

    fn refuse_unsafe_blocking_session<C>(&self, connection: &mut C, token: Token) -> Result<(), ConnectError>
    where
        C: LoadConnection<Backend = Pg>,
    {
        let settings = diesel::sql_query(self.settings_query(token)).get_result(connection);
        let settings = settings.map_err(|source| self.failed_query(source))?;
        self.refuse_unsafe_settings(&settings, token)?;
        if !self.extension_schemas().is_empty() {
            let ask = diesel::sql_query(unsafe_schema_query()).bind::<Array<Text>, _>(self.extension_schema_names());
            self.refuse_unsafe_schema(ask.get_result(connection).optional())?;
        }
        self.refuse_unsafe_search_path(&settings.search_path)
    }

    /// The URL with this connector's startup options, which include those of the URL. Of a parameter that is given
    /// twice, drivers take the last.
    fn url_with_options(&self, url: &str, token: Token, is_libpq: bool) -> String {
        let options = self.config_with(token);
        let mut parameters = vec![("options", options.get_options().unwrap_or_default().to_owned())];
        let mut default = |name: &'static str, value: u128| {
            if !url.contains(name) {
                parameters.push((name, value.to_string()));
            }
        };
        default("connect_timeout", self.options.timeout.as_millis().div_ceil(1000));
        default("keepalives_idle", (SILENCE / 2).as_secs().into());
        default("keepalives_interval", (SILENCE / 6).as_secs().into());
        // Other drivers have other names and units for these.
        if is_libpq {
            default("keepalives_count", 3);
            default("tcp_user_timeout", SILENCE.as_millis());
        }
        with_parameters(url, &parameters)
    }
}

/// Adds parameters to a URL, or to the other form in which drivers are told where to connect: `host=localhost user=me`.
fn with_parameters(url: &str, parameters: &[(&'static str, String)]) -> String {
    let mut url = url.to_owned();
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    for (name, value) in parameters {
        if is_url {
            url += if url.contains('?') { "&" } else { "?" };
            url += name;
            url.push('=');
            for byte in value.bytes() {
                match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => url.push(byte.into()),
                    _ => {
                        let _ = write!(url, "%{byte:02X}");
                    }
                }
            }
        } else {
            let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
            let _ = write!(url, " {name}='{escaped}'");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_to_both_forms() {
        let parameters = [("options", r#"-c a="b\ c'""#.to_owned())];
        for (url, expected) in [
            ("postgres://localhost/a", "postgres://localhost/a?options="),
            ("postgresql://localhost/a?x=y", "postgresql://localhost/a?x=y&options="),
        ] {
            let expected = format!("{expected}-c%20a%3D%22b%5C%20c%27%22");
            assert_eq!(with_parameters(url, &parameters), expected);
            let parsed: tokio_postgres::Config = expected.replace("x=y", "dbname=a").parse().unwrap();
            assert_eq!(parsed.get_options(), Some(&*parameters[0].1));
        }
        let parsed: tokio_postgres::Config = with_parameters("host=localhost options=no", &parameters)
            .parse()
            .unwrap();
        assert_eq!(parsed.get_options(), Some(&*parameters[0].1));
    }
}
