//! Over TLS, to a server with a certificate of an authority of the test's own.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use diesel::{prelude::*, sql_types::Binary};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::PostgresConnection;
use diesel_tenants_test_support::{Database, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::project::Project;

/// A server that speaks TLS, and the certificate of its authority.
struct Encrypted {
    // Ends the server.
    _server: Server,
    database: Database,
    authority: CertificateDer<'static>,
    pem: String,
}

impl Encrypted {
    fn start() -> Self {
        let server = Server::builder().start().unwrap();
        let database = server.database();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        // The server writes its files itself, so that they are its own, and nobody else can read the key.
        let folder = database.values("SHOW data_directory").remove(0);
        for (name, pem) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
            database.run(&format!(
                "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'umask 077 && cat > {folder}/{name}'",
                pem.trim_end()
            ));
        }
        database.run("ALTER SYSTEM SET ssl = on");
        database.run("SELECT pg_reload_conf()");
        while database.values("SHOW ssl") != ["on"] {
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            authority: authority.der().clone(),
            pem: authority.pem(),
            _server: server,
            database,
        }
    }

    /// By this host's name.
    fn url(&self, host: &str) -> String {
        let url = self.database.url();
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, place) = rest.split_once('@').unwrap();
        let (_, place) = place.split_once(':').unwrap();
        let separator = if place.contains('?') { '&' } else { '?' };
        format!("{scheme}://{user}@{host}:{place}{separator}sslmode=require")
    }

    fn connector(&self) -> MakeRustlsConnect {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        MakeRustlsConnect::new(config)
    }

    async fn connect(&self) -> PostgresConnection {
        let config = self.url("localhost").parse().unwrap();
        PostgresConnection::connect(&config, self.connector()).await.unwrap()
    }
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

#[tokio::test]
async fn values_of_every_size_go_both_ways() {
    let encrypted = Encrypted::start();
    let mut conn = encrypted.connect().await;
    let is_encrypted = diesel::sql_query("SELECT 1 / (SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid())");
    is_encrypted.execute(&mut conn).await.expect("it is encrypted");
    for size in (0..20).map(|power| 1 << power).chain([3_000_000, 33_000_000]) {
        let bytes = vec![size as u8; size];
        let echo = diesel::sql_query("SELECT $1 AS bytes").bind::<Binary, _>(&bytes);
        let found = tokio::time::timeout(Duration::from_secs(60), echo.get_result::<Bytes>(&mut conn)).await;
        let Bytes { bytes: found } = found.expect("both sides wait for each other").unwrap();
        assert!(found == bytes, "{size} bytes");
    }
}

#[tokio::test]
async fn a_statement_is_cancelled_over_a_connection_that_is_encrypted_too() {
    let encrypted = Encrypted::start();
    let mut conn = encrypted.connect().await;
    // Whoever comes without encryption is refused from now on.
    let folder = encrypted.database.values("SHOW hba_file").remove(0);
    encrypted
        .database
        .run(&format!("COPY (SELECT 'hostssl all all all trust') TO '{folder}'"));
    encrypted.database.run("SELECT pg_reload_conf()");
    let token = conn.cancel_token();
    let cancelling = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel().await
    });
    let slow = tokio::time::timeout(Duration::from_secs(20), conn.batch_execute("SELECT pg_sleep(60)")).await;
    let error = slow.expect("nothing cancelled it").unwrap_err();
    assert!(error.to_string().contains("canceling statement"), "{error}");
    cancelling.await.unwrap().unwrap();
}

#[test]
fn the_command_trusts_the_authorities_that_it_is_told_of_and_no_other_name() {
    let encrypted = Encrypted::start();
    let project = Project::new();
    let roots: PathBuf = project.path().join("roots.pem");
    fs::write(&roots, &encrypted.pem).unwrap();
    let run = |host: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        command
            .env("DATABASE_URL", encrypted.url(host))
            .env("SSL_CERT_FILE", &roots);
        command.output().unwrap()
    };
    let created = run("localhost", &["tenant", "create", "client1"]);
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let refused = run("127.0.0.1", &["tenant", "list"]);
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("certificate"), "{message}");
    fs::write(&roots, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(!run("localhost", &["tenant", "list"]).status.success());
}
