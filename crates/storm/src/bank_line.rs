//! The wire between a worker's client and the bank: it passes on one request after the other, or
//! makes something else of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use crate::wire::{CallFate, Place, Wires};

const CHUNK_BYTES: usize = 16 * 1024;
/// Connections that may wait to be taken.
const BACKLOG: u32 = 64;

const UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const ERROR: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const NOT_FOUND: &[u8] =
    b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const GARBAGE: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/html\r\n\
    content-length: 27\r\n\r\n<html><p>Welcome!</p></html";

/// A port that leads to the bank, with the storm's hand on it.
#[derive(Debug)]
pub(crate) struct BankLine {
    address: SocketAddr,
    bank: SocketAddr,
    wires: Arc<Wires>,
    served: Option<AbortOnDropHandle<()>>,
    /// Holds the port while nobody listens there.
    refusing: Option<TcpSocket>,
}

impl BankLine {
    pub(crate) async fn open(bank: SocketAddr, wires: &Arc<Wires>) -> io::Result<BankLine> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut line = BankLine {
            address,
            bank,
            wires: Arc::clone(wires),
            served: None,
            refusing: None,
        };
        line.listen(listener);
        Ok(line)
    }

    /// Where a client finds it.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn listen(&mut self, listener: TcpListener) {
        let served = serve(listener, self.bank, Arc::clone(&self.wires));
        self.served = Some(AbortOnDropHandle::new(tokio::spawn(served)));
    }

    /// Refuses every connection, or takes them again.
    pub(crate) async fn refuse(&mut self, refuses: bool) -> io::Result<()> {
        if refuses {
            if let Some(served) = self.served.take() {
                served.abort();
                // Ended either way: by itself or by this.
                let _ = served.await;
                let socket = TcpSocket::new_v4()?;
                socket.set_reuseaddr(true)?;
                socket.bind(self.address)?;
                self.refusing = Some(socket);
            }
        } else if let Some(socket) = self.refusing.take() {
            self.listen(socket.listen(BACKLOG)?);
        }
        Ok(())
    }
}

async fn serve(listener: TcpListener, bank: SocketAddr, wires: Arc<Wires>) {
    while let Ok((client, _)) = listener.accept().await {
        let mut connection = wires.connection();
        tokio::spawn(async move {
            let wires = connection.wires();
            connection.unless_killed(carry(client, bank, &wires)).await
        });
    }
}

async fn carry(mut client: TcpStream, bank: SocketAddr, wires: &Wires) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut server = TcpStream::connect(bank).await?;
    server.set_nodelay(true)?;
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    while let Some(request) = message(&mut client, &mut asked).await? {
        if wires.pass(Place::BeforeCall, true).await {
            return Ok(());
        }
        let line = request
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let fate = wires.fate(&String::from_utf8_lossy(line));
        let instead = match fate {
            CallFate::Lost => return Ok(()),
            CallFate::Late => {
                wires.keep_late(request);
                return Ok(());
            }
            CallFate::Unavailable => Some(UNAVAILABLE),
            CallFate::TooMany => Some(TOO_MANY),
            CallFate::NotFound => Some(NOT_FOUND),
            CallFate::Passes
            | CallFate::AnswerLost
            | CallFate::ErrorAfter
            | CallFate::Garbage
            | CallFate::Truncated => None,
        };
        if let Some(instead) = instead {
            return client.write_all(instead).await;
        }
        server.write_all(&request).await?;
        let Some(answer) = message(&mut server, &mut told).await? else {
            return Ok(());
        };
        if wires.pass(Place::AfterCall, true).await {
            return Ok(());
        }
        match fate {
            CallFate::ErrorAfter => return client.write_all(ERROR).await,
            CallFate::Garbage => return client.write_all(GARBAGE).await,
            CallFate::Truncated => {
                let half = answer.get(..answer.len() - 1).unwrap_or_default();
                return client.write_all(half).await;
            }
            CallFate::AnswerLost => return Ok(()),
            CallFate::Passes
            | CallFate::Lost
            | CallFate::Late
            | CallFate::Unavailable
            | CallFate::TooMany
            | CallFate::NotFound => client.write_all(&answer).await?,
        }
    }
    Ok(())
}

/// Sends a request once more, long after its sender has hung up; what is answered nobody hears.
pub(crate) async fn deliver(bank: SocketAddr, request: &[u8]) -> io::Result<()> {
    let mut server = TcpStream::connect(bank).await?;
    server.write_all(request).await?;
    message(&mut server, &mut Vec::new()).await?;
    Ok(())
}

/// The next whole HTTP message; nothing when its sender has hung up. What comes after it stays in
/// `held`.
async fn message(from: &mut TcpStream, held: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        if let Some(length) = whole(held) {
            return Ok(Some(held.drain(..length).collect()));
        }
        let count = from.read(&mut chunk).await?;
        if count == 0 {
            return Ok(None);
        }
        held.extend(chunk.iter().take(count));
    }
}

/// The length of the message that is held, if it is whole: its head, and as many bytes as that
/// announces.
fn whole(held: &[u8]) -> Option<usize> {
    let head = held.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(held.get(..head)?).to_ascii_lowercase();
    let announced = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let body: usize = announced
        .and_then(|length| length.trim().parse().ok())
        .unwrap_or(0);
    (head + body <= held.len()).then_some(head + body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_when_its_announced_body_is_there() {
        let text = b"POST /v1 HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET";
        assert_eq!(whole(&text[..text.len() - 4]), None);
        assert_eq!(whole(text), Some(text.len() - 3));
        assert_eq!(whole(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
        assert_eq!(whole(b"GET / HTTP/1.1\r\n"), None);
    }
}
