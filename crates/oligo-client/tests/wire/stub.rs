//! A server of a few connections, written by hand so that it can misbehave.

use std::time::Duration;

use oligo_client::{ClientConfig, OligoClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What the server does with a request it has read.
pub enum Then {
    /// Writes these bytes and closes.
    Write(Vec<u8>),
    /// Writes these bytes and stays silent until the client goes.
    WriteAndHang(Vec<u8>),
    /// Resets the connection.
    Reset,
}

/// A request as it came: its head and its body.
pub struct Request {
    pub head: String,
    pub body: String,
}

/// Serves one request, then ends; a second connection would be refused.
pub async fn serve(then: Then) -> (Url, JoinHandle<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let request = read_request(&mut stream).await;
        then.carry_out(stream).await;
        request
    });
    (Url::parse(&url).unwrap(), served)
}

/// Serves one request after another, each on a connection of its own, then refuses.
pub async fn serve_each(thens: Vec<Then>) -> (Url, JoinHandle<Vec<Request>>) {
    serve_from(|_| thens).await
}

/// The same for answers that name the server's own address.
pub async fn serve_from(thens: impl FnOnce(&Url) -> Vec<Then>) -> (Url, JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let url = Url::parse(&url).unwrap();
    let thens = thens(&url);
    let served = tokio::spawn(async move {
        let mut requests = vec![];
        for then in thens {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(read_request(&mut stream).await);
            then.carry_out(stream).await;
        }
        requests
    });
    (url, served)
}

/// An address where nobody listens.
pub async fn nobody() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    Url::parse(&url).unwrap()
}

impl Then {
    async fn carry_out(self, mut stream: TcpStream) {
        match self {
            Then::Write(bytes) => {
                // The client may have gone by itself: that is what some tests want.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Then::WriteAndHang(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                let _ = stream.read_u8().await;
            }
            Then::Reset => stream.set_zero_linger().unwrap(),
        }
    }
}

/// Reads one request, its body too.
pub async fn read_request(stream: &mut TcpStream) -> Request {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let wanted = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if wanted <= body.len() {
                return Request {
                    head,
                    body: body.to_owned(),
                };
            }
        }
        assert!(
            stream.read_buf(&mut bytes).await.unwrap() != 0,
            "the request is cut short"
        );
    }
}

/// An HTTP answer with a body.
pub fn answer(status: u16, body: &str) -> Vec<u8> {
    answer_with(status, "", body)
}

/// An HTTP answer with more headers, each ended by a line break.
pub fn answer_with(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A client that does not wait long.
pub fn client(base_url: Url) -> OligoClient {
    OligoClient::new(config(base_url)).unwrap()
}

/// Its configuration.
pub fn config(base_url: Url) -> ClientConfig {
    let mut config = ClientConfig::new(base_url, "token-1".into());
    config.connect_timeout = Duration::from_millis(300);
    config.total_timeout = Duration::from_secs(5);
    config
}
