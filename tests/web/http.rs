//! A client that sends what it is told, byte for byte: others refuse to send what is hostile.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let response = Self {
            status: status.unwrap_or_else(|| panic!("no status: {head:?}")),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        };
        if let Some(length) = response.header("content-length") {
            assert_eq!(
                length.parse(),
                Ok(response.body.len()),
                "the whole body is there: {text:?}"
            );
        }
        response
    }

    /// In lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// `error` of a rejection, whose form is checked.
    pub fn error(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let json = self.json();
        assert!(json["message"].is_string(), "{self:?}");
        json["error"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// Sends a request, and nothing more; the connection is to be read or dropped.
pub async fn send(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(request).await.expect("the server reads");
    stream
}

pub async fn response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    // A server that refuses a request may close before it has read all of it.
    assert!(read.is_ok() || !bytes.is_empty(), "{read:?}");
    Response::parse(&bytes)
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    (request + "\r\n").into_bytes()
}

/// A request with the headers given, and no others that matter.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    response(send(address, &request("GET", path, headers)).await).await
}

pub async fn get_at(address: SocketAddr, host: &str, path: &str) -> Response {
    get(address, path, &[("Host", host)]).await
}
