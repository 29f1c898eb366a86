use std::str::FromStr;
#[cfg(feature = "testing")]
use std::time::Duration;

use mysql_async::{Opts, OptsBuilder};

#[cfg(feature = "testing")]
use crate::backend::mysql::connecting::{Access, Connector};

/// A server of MySQL or MariaDB, with a database for each tenant, and one for the shared schema.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::{MysqlUrl, TenantPool};
///
/// let url: MysqlUrl = "mysql://user:password@localhost:3306".parse()?;
/// let pool = TenantPool::builder(url).max_size(16).build().await?;
/// # Ok(())
/// # }
/// ```
///
/// The URL names no database: connections have no default database, so that a name without a schema which the translator
/// can't see, such as one in a string, gives the error "No database selected". Options that can't be written in a URL
/// come from [`mysql_async::Opts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MysqlUrl(pub(super) Opts);

impl MysqlUrl {
    /// Opens a connection that is no pool's.
    #[cfg(feature = "testing")]
    pub(crate) async fn connect(&self) -> Result<diesel_async::AsyncMysqlConnection, crate::MysqlConnectError> {
        let connector = Connector::new(self.0.clone(), Access::ReadWrite, None, Duration::from_secs(10));
        connector.connect().await
    }

    /// Whether connections are encrypted: `?require_ssl=true` in the URL.
    pub fn is_encrypted(&self) -> bool {
        self.0.ssl_opts().is_some()
    }

    /// Trusts these authorities, by their certificates in DER or PEM, in place of those that are built in. Where
    /// connections are not encrypted, this changes nothing.
    #[must_use]
    pub fn trusting(self, authorities: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let Some(options) = self.0.ssl_opts().cloned() else {
            return self;
        };
        let authorities = authorities.into_iter().map(Into::into).collect();
        let options = options.with_root_certs(authorities).with_disable_built_in_roots(true);
        Self(OptsBuilder::from_opts(self.0).ssl_opts(options).into())
    }
}

/// Why a text is not the URL of a server of MySQL. The error doesn't show the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMysqlUrl {
    /// The URL can't be parsed.
    #[error(
        "the URL of MySQL can't be parsed: it should look like mysql://user:password@host:3306, with every character of \
         user and password percent-encoded that is not a letter or digit"
    )]
    Malformed,
    /// The URL names a database.
    #[error(
        "the URL of MySQL names the database {database:?}: leave it away, as in mysql://user:password@host:3306. Each \
         tenant has a database of its own, and connections have no default database; the database with what tenants \
         share is chosen by `shared_schema`"
    )]
    NamesDatabase {
        /// The database.
        database: String,
    },
    /// The URL has an unknown option, or an option with a value that it can't have.
    #[error("the URL of MySQL has an invalid option {option:?}")]
    Option {
        /// The option's name.
        option: String,
    },
    /// The URL asks for TLS, for which a feature is missing.
    #[error("the URL of MySQL asks for TLS (`require_ssl`), which needs the feature `mysql-rustls`")]
    NeedsTls,
}

impl FromStr for MysqlUrl {
    type Err = InvalidMysqlUrl;

    fn from_str(url: &str) -> Result<Self, InvalidMysqlUrl> {
        let as_mysql = url.strip_prefix("mariadb:").map(|rest| format!("mysql:{rest}"));
        let options = Opts::from_url(as_mysql.as_deref().unwrap_or(url)).map_err(InvalidMysqlUrl::of)?;
        Self::try_from(options)
    }
}

impl TryFrom<Opts> for MysqlUrl {
    type Error = InvalidMysqlUrl;

    fn try_from(options: Opts) -> Result<Self, InvalidMysqlUrl> {
        if let Some(database) = options.db_name().filter(|database| !database.is_empty()) {
            return Err(InvalidMysqlUrl::NamesDatabase {
                database: database.to_owned(),
            });
        }
        if !cfg!(feature = "mysql-rustls") && options.ssl_opts().is_some() {
            return Err(InvalidMysqlUrl::NeedsTls);
        }
        Ok(Self(options))
    }
}

impl InvalidMysqlUrl {
    fn of(error: mysql_async::UrlError) -> Self {
        use mysql_async::UrlError;

        match error {
            UrlError::UnknownParameter { param } | UrlError::InvalidParamValue { param, .. } => {
                Self::Option { option: param }
            }
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        url.parse::<MysqlUrl>().unwrap_err().to_string()
    }

    #[test]
    fn a_server_without_a_database_is_taken() {
        for url in [
            "mysql://root@localhost",
            "mariadb://a:b%40@[::1]:3307/",
            "mysql://h?tcp_nodelay=true",
        ] {
            assert!(url.parse::<MysqlUrl>().is_ok(), "{url}");
        }
    }

    #[test]
    fn a_url_that_names_a_database_is_refused_with_the_way_out() {
        let message = error("mysql://root:secret@localhost/store");
        assert!(
            message.contains("\"store\"") && message.contains("shared_schema"),
            "{message}"
        );
    }

    #[test]
    fn errors_show_neither_url_nor_password() {
        for url in [
            "postgres://a:secret@h",
            "mysql:secret",
            "mysql://a:secret@h:port",
            "mysql://a:secret@h?x=y",
            "",
        ] {
            let message = error(url);
            assert!(!message.contains("secret"), "{message}");
        }
        assert!(error("mysql://h?tcp_nodely=true").contains("tcp_nodely"));
    }
}
