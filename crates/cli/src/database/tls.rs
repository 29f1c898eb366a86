//! Encrypted connections, for `sslmode=require` in a URL, on MySQL `require_ssl=true`.

use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Checks the server's certificate, its chain and its name, by the system's roots, or those of SSL_CERT_FILE.
pub fn connector() -> anyhow::Result<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities("sslmode=require")?);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("can't set up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The certificates of trusted authorities: the system's, or those of SSL_CERT_FILE. `option` asks for them.
pub fn authorities(option: &str) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let mut is_usable = |certificate: &CertificateDer<'_>| roots.add(certificate.clone().into_owned()).is_ok();
    let usable: Vec<_> = found.certs.into_iter().filter(|found| is_usable(found)).collect();
    if !usable.is_empty() {
        return Ok(usable);
    }
    let message = format!(
        "{option} needs certificates of trusted authorities: install the system's (ca-certificates), or name a file of \
         certificates by SSL_CERT_FILE"
    );
    match found.errors.into_iter().next() {
        Some(reason) => Err(anyhow::Error::from(reason).context(message)),
        None => bail!(message),
    }
}
