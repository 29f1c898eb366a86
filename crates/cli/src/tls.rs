//! Encrypted connections, for `sslmode=require` in a URL.

use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Checks the server's certificate, its chain and its name, by the system's roots, or those of SSL_CERT_FILE.
pub fn connector() -> anyhow::Result<MakeRustlsConnect> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let reason = found.errors.into_iter().next().map(anyhow::Error::from);
        let message = "sslmode=require needs certificates of trusted authorities: install the system's \
                       (ca-certificates), or name a file of certificates by SSL_CERT_FILE";
        match reason {
            Some(reason) => return Err(reason.context(message)),
            None => bail!(message),
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("can't set up TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
