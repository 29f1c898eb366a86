//! The startup options of a connection, and the name of its server in messages.

use std::{fmt::Write as _, time::Duration};

use tokio_postgres::{Config, config::Host};

use crate::{SchemaName, backend::postgres::engine::READ_ONLY};

/// How long a peer may be silent, as far as the system can tell, until a connection counts as broken.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// The same for connections over which rows are copied.
pub(crate) const COPY_SILENCE: Duration = Duration::from_secs(900);

/// Has the operating system notice within a minute, instead of two hours, that a server is gone. Values in the URL take
/// precedence.
pub(crate) fn notice_silent_peers(config: &mut Config) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(SILENCE / 2);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(SILENCE / 6);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
}

/// If the URL names several hosts, a host that does not answer must leave time for the others. A `connect_timeout` in
/// the URL takes precedence.
pub(crate) fn leave_time_for_other_hosts(config: &mut Config, timeout: Duration) {
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
    if config.get_connect_timeout().is_none()
        && let Ok(hosts @ 2..) = u32::try_from(hosts)
    {
        config.connect_timeout(timeout / hosts);
    }
}

/// The settings that the translator relies on, as the server's startup packet wants them: white space and backslashes
/// escaped by a backslash. With nonstandard strings, in which a backslash escapes, the translator would misread where a
/// string ends. Diesel's time zone is among them, so that the session still has it after a `RESET ALL`.
pub(crate) fn startup_options(schemas: &[SchemaName], read_only: bool) -> String {
    let mut option = match read_only {
        true => format!("-c {READ_ONLY} "),
        false => String::new(),
    };
    option += "-c standard_conforming_strings=on -c TimeZone=UTC -c search_path=";
    for character in search_path(schemas).chars() {
        if character.is_ascii_whitespace() || character == '\\' {
            option.push('\\');
        }
        option.push(character);
    }
    option
}

/// A search_path of these schemas, each quoted.
pub(crate) fn search_path(schemas: &[SchemaName]) -> String {
    schemas.iter().map(SchemaName::quoted).collect::<Vec<_>>().join(",")
}

/// Host, port and database, for messages: never the password.
pub(crate) fn describe(config: &Config) -> String {
    let mut server = String::new();
    let ports = config.get_ports();
    for (index, host) in config.get_hosts().iter().enumerate() {
        if index > 0 {
            server.push(',');
        }
        match host {
            // The end of a password with an unencoded `@` would appear here.
            Host::Tcp(name) => server.push_str(name.rsplit('@').next().unwrap_or_default()),
            #[cfg(unix)]
            Host::Unix(path) => {
                let _ = write!(server, "{}", path.display());
            }
        }
        if let Some(port) = ports.get(index).or(ports.first()) {
            let _ = write!(server, ":{port}");
        }
    }
    if let Some(database) = config.get_dbname().or(config.get_user()) {
        let _ = write!(server, "/{database}");
    }
    server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_described_without_their_password() {
        let config: Config = "postgres://me:secret@db.example:6432/store".parse().unwrap();
        assert_eq!(describe(&config), "db.example:6432/store");
    }

    #[test]
    fn a_password_with_an_unencoded_at_sign_stays_hidden() {
        let config: Config = "postgres://me:se@cret@db.example/store".parse().unwrap();
        assert!(!describe(&config).contains("cret"), "{}", describe(&config));
    }

    #[test]
    fn the_startup_option_escapes_what_would_end_it() {
        let schemas = [SchemaName::new("ex t").unwrap(), SchemaName::new(r"a\b").unwrap()];
        assert_eq!(
            startup_options(&schemas, false),
            r#"-c standard_conforming_strings=on -c TimeZone=UTC -c search_path="ex\ t","a\\b""#
        );
        assert_eq!(
            startup_options(&[], true),
            "-c default_transaction_read_only=on -c standard_conforming_strings=on -c TimeZone=UTC -c search_path="
        );
    }
}
