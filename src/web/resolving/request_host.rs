use crate::web::{Framework, Host, Malformed, TrustedProxies};

/// The host that a request is for, as the client asked for it.
///
/// If the request allows two answers, that is an error: a proxy in front of the service may have used the other one.
pub(crate) fn request_host<F: Framework>(
    request: &F::Request<'_>,
    proxies: &TrustedProxies,
) -> Result<Host, Malformed> {
    if !proxies.is_empty() {
        let forwarded = F::header_values(request, "x-forwarded-host");
        if forwarded != [None; 2]
            && proxies.trust(F::peer(request))
            && let Some(host) = only_one(forwarded, "X-Forwarded-Host")?
        {
            return Host::parse(host);
        }
    }
    let header = only_one(F::header_values(request, "host"), "Host")?;
    match (F::authority(request), header) {
        (None, None) => Err(Malformed::NoHost),
        (Some(host), None) | (None, Some(host)) => Host::parse(host),
        (Some(target), Some(header)) => {
            let host = Host::parse(header)?;
            if target == header || host == Host::parse(target)? {
                Ok(host)
            } else {
                Err(Malformed::DifferentHosts)
            }
        }
    }
}

/// Several proxies in a row make a list in one header. If the first proxy didn't remove the client's own header, the
/// list begins with the client's value. So a list is refused, like two headers.
fn only_one<'h>(values: [Option<&'h [u8]>; 2], header: &str) -> Result<Option<&'h str>, Malformed> {
    match values {
        [None, _] => Ok(None),
        [Some(value), None] if !value.contains(&b',') => {
            std::str::from_utf8(value).map(Some).map_err(|_| Malformed::Host)
        }
        _ => Err(Malformed::Repeated {
            header: header.to_owned(),
        }),
    }
}
