use std::net::IpAddr;

use ipnet::IpNet;

/// The proxies whose `X-Forwarded-Host` is believed. Any client can send that header, so it is ignored unless one of
/// these proxies sends it.
///
/// ```
/// use diesel_tenants::web::TrustedProxies;
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])?;
/// # Ok::<(), diesel_tenants::web::TrustedProxyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    everybody: bool,
}

/// Why a network can't be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("can't trust proxies at {network:?}: it is neither an IP address nor a network like 10.0.0.0/8")]
pub struct TrustedProxyError {
    network: String,
}

impl TrustedProxies {
    /// Trusts addresses and networks.
    ///
    /// # Errors
    /// [`TrustedProxyError`]: one of them is neither.
    pub fn new<'n>(networks: impl IntoIterator<Item = &'n str>) -> Result<Self, TrustedProxyError> {
        let network = |text: &str| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse().or_else(|_| address()).map_err(|_| TrustedProxyError {
                network: text.to_owned(),
            })
        };
        Ok(Self {
            networks: networks.into_iter().map(network).collect::<Result<_, _>>()?,
            everybody: false,
        })
    }

    /// Trusts everybody who can connect: for a service that only its proxy can reach, for example over a Unix socket.
    pub fn everybody() -> Self {
        Self {
            networks: Vec::new(),
            everybody: true,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.everybody && self.networks.is_empty()
    }

    pub(super) fn trust(&self, peer: Option<IpAddr>) -> bool {
        if self.everybody || self.is_empty() {
            return self.everybody;
        }
        let Some(peer) = peer else {
            warn_of_unknown_peers();
            return false;
        };
        // A socket that listens on IPv6 shows IPv4 addresses as IPv4-mapped IPv6 addresses.
        let peer = peer.to_canonical();
        self.networks.iter().any(|network| network.contains(&peer))
    }
}

/// Warns once that proxies are trusted by address, but the framework doesn't know its clients' addresses.
fn warn_of_unknown_peers() {
    #[cfg(feature = "tracing")]
    {
        static WARNED: std::sync::Once = std::sync::Once::new();
        WARNED.call_once(|| {
            tracing::warn!(
                "X-Forwarded-Host is ignored, for the address of the proxy isn't known: serve Axum with \
                 `into_make_service_with_connect_info::<SocketAddr>()`, and over Unix sockets trust \
                 `TrustedProxies::everybody()`"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_trusted_and_nobody_else() {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]).unwrap();
        let trust = |peer: &str| proxies.trust(Some(peer.parse().unwrap()));
        assert!(trust("10.1.2.3") && trust("::ffff:10.1.2.3") && trust("192.0.2.7") && trust("fd00::1"));
        assert!(!trust("11.0.0.1") && !trust("192.0.2.8") && !trust("::1"));
        assert!(!proxies.trust(None));
        assert!(!TrustedProxies::default().trust(Some(IpAddr::from([127, 0, 0, 1]))));
        assert!(TrustedProxies::everybody().trust(None));
    }

    #[test]
    fn what_is_no_network_is_an_error() {
        let error = TrustedProxies::new(["10.0.0.0/33"]).unwrap_err().to_string();
        assert!(error.starts_with("can't trust proxies at \"10.0.0.0/33\""), "{error}");
    }
}
