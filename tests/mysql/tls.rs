//! Connections by TLS, to a server with a certificate of its own.

use std::fs;

use diesel::{prelude::*, sql_types};
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    BuildError, MysqlUrl, TenantPool,
    mysql_async::{Opts, OptsBuilder, SslOpts},
};
use diesel_tenants_test_support::{MariaDb, chain};

#[derive(QueryableByName)]
struct Status {
    #[diesel(sql_type = sql_types::Text, column_name = Value)]
    value: String,
}

/// Called with the server of the tests that start one, since each takes some seconds to install.
pub async fn connections_are_encrypted_if_that_is_asked_for(server: &MariaDb) {
    // A server that can't is refused: nothing is sent without TLS in its place.
    let url: MysqlUrl = format!("{}?require_ssl=true", server.url()).parse().unwrap();
    let error = TenantPool::builder(url).build().await.unwrap_err();
    assert!(matches!(error, BuildError::ConnectMysql(_)), "{}", chain(&error));

    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate"), folder.path().join("key"));
    fs::write(&certificate, certified.cert.pem()).unwrap();
    fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    // The server may run as another account.
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let option = |name: &str, path: &std::path::Path| format!("--{name}={}", path.display());
    server
        .restart(&[&option("ssl-cert", &certificate), &option("ssl-key", &key)])
        .unwrap();

    // An unknown authority is refused.
    let url: MysqlUrl = format!("{}?require_ssl=true", server.url()).parse().unwrap();
    assert!(TenantPool::builder(url).build().await.is_err());
    let tls = SslOpts::default().with_root_certs(vec![certificate.clone().into()]);
    let options = OptsBuilder::from_opts(Opts::from_url(&server.url()).unwrap()).ssl_opts(tls);
    let url = MysqlUrl::try_from(Opts::from(options)).unwrap();
    let pool = TenantPool::builder(url)
        .build()
        .await
        .unwrap_or_else(|error| panic!("{}", chain(&error)));
    let mut conn = pool.shared().get().await.unwrap();
    let cipher: Status = diesel::sql_query("SHOW STATUS LIKE 'Ssl_cipher'")
        .get_result(&mut conn)
        .await
        .unwrap();
    assert!(!cipher.value.is_empty());
}
