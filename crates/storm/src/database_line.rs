//! The wire between a worker's store and PostgreSQL: it passes everything on, counts the statements
//! that were answered, and strikes between two of them.
//!
//! PostgreSQL's messages are a letter, a length and that many bytes; no more of them is understood
//! than who asks, and whether a transaction is open when an answer ends.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::AbortOnDropHandle;

use crate::wire::{Connection, Place, Wires};

/// The name of PostgreSQL's socket within its directory.
const SOCKET: &str = ".s.PGSQL.5432";
const CHUNK_BYTES: usize = 16 * 1024;
/// Statements of the store's own housekeeping: when they run depends on the machine, so they do not
/// count.
const UNCOUNTED: [&[u8]; 1] = [b"pg_notify"];

/// A socket that leads to PostgreSQL, with the storm's hand on it.
#[derive(Debug)]
pub(crate) struct DatabaseLine {
    dir: TempDir,
    _served: AbortOnDropHandle<()>,
}

impl DatabaseLine {
    /// A line to the PostgreSQL whose socket is in `postgres`.
    pub(crate) fn open(postgres: &Path, wires: &Arc<Wires>) -> io::Result<DatabaseLine> {
        let dir = tempfile::Builder::new().prefix("storm").tempdir()?;
        let listener = UnixListener::bind(dir.path().join(SOCKET))?;
        let served = serve(listener, postgres.join(SOCKET), Arc::clone(wires));
        Ok(DatabaseLine {
            dir,
            _served: AbortOnDropHandle::new(tokio::spawn(served)),
        })
    }

    /// The directory in which a client finds it.
    pub(crate) fn socket_dir(&self) -> &Path {
        self.dir.path()
    }
}

async fn serve(listener: UnixListener, postgres: PathBuf, wires: Arc<Wires>) {
    while let Ok((client, _)) = listener.accept().await {
        let connection = wires.connection();
        let postgres = postgres.clone();
        tokio::spawn(async move {
            if let Ok(server) = UnixStream::connect(postgres).await {
                carry(connection, client, server).await;
            }
        });
    }
}

async fn carry(mut connection: Connection, client: UnixStream, server: UnixStream) {
    let wires = connection.wires();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut told) = (Asked::default(), Told::default());
    let (mut question, mut answer) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    let passing = async {
        loop {
            tokio::select! {
                read = from_client.read(&mut question) => {
                    let Some(bytes) = some(read, &question) else { return };
                    asked.read(bytes);
                    if to_server.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                read = from_server.read(&mut answer) => {
                    let Some(bytes) = some(read, &answer) else { return };
                    for in_transaction in told.read(bytes) {
                        for place in asked.answered().places() {
                            if wires.pass(*place, !in_transaction).await {
                                return;
                            }
                        }
                    }
                    if to_client.write_all(bytes).await.is_err() {
                        return;
                    }
                }
            }
        }
    };
    connection.unless_killed(passing).await;
    drop((from_client, to_client, to_server));
    // Until PostgreSQL hangs up too: then it has rolled back, and no lock is left.
    while let Ok(1..) = from_server.read(&mut answer).await {}
}

fn some(read: io::Result<usize>, buffer: &[u8]) -> Option<&[u8]> {
    match read {
        Ok(0) | Err(_) => None,
        Ok(count) => buffer.get(..count),
    }
}

/// Messages cut out of a stream of bytes.
#[derive(Debug, Default)]
struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    /// The next whole message that begins with a letter.
    fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        let [letter, a, b, c, d] = *self.pending.first_chunk::<5>()?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if self.pending.len() < length + 1 {
            return None;
        }
        let message: Vec<u8> = self.pending.drain(..=length).collect();
        Some((letter, message.get(5..).unwrap_or_default().to_vec()))
    }

    /// The first message of a client, which has no letter.
    fn take_greeting(&mut self) -> bool {
        let Some(length) = self.pending.first_chunk::<4>() else {
            return false;
        };
        let length = u32::from_be_bytes(*length) as usize;
        let is_whole = length <= self.pending.len();
        if is_whole {
            self.pending.drain(..length);
        }
        is_whole
    }
}

/// What a statement is, as far as the storm is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Statement {
    /// Housekeeping, or no statement at all.
    #[default]
    Uncounted,
    Counted,
    Commit,
}

impl Statement {
    fn of(sql: &[u8]) -> Statement {
        let holds = |word: &[u8]| sql.windows(word.len()).any(|part| part == word);
        if UNCOUNTED.iter().any(|word| holds(word)) {
            Statement::Uncounted
        } else if sql.starts_with(b"COMMIT") {
            Statement::Commit
        } else {
            Statement::Counted
        }
    }

    /// Where a blow may fall once it is answered.
    const fn places(self) -> &'static [Place] {
        match self {
            Statement::Uncounted => &[],
            Statement::Counted => &[Place::Database],
            Statement::Commit => &[Place::Database, Place::Commit],
        }
    }
}

/// What the client asked: for each answer that will come, what it answers.
#[derive(Debug, Default)]
struct Asked {
    frames: Frames,
    greeted: bool,
    /// Prepared statements by name.
    prepared: HashMap<Vec<u8>, Statement>,
    executes: Statement,
    answers: VecDeque<Statement>,
}

impl Asked {
    fn read(&mut self, bytes: &[u8]) {
        self.frames.pending.extend_from_slice(bytes);
        if !self.greeted {
            self.greeted = self.frames.take_greeting();
        }
        while let Some((letter, body)) = self.greeted.then(|| self.frames.next()).flatten() {
            self.message(letter, &body);
        }
    }

    fn message(&mut self, letter: u8, body: &[u8]) {
        match letter {
            b'Q' => self.answers.push_back(Statement::of(body)),
            b'P' => {
                let mut parts = body.split(|byte| *byte == 0);
                let name = parts.next().unwrap_or_default().to_vec();
                let statement = Statement::of(parts.next().unwrap_or_default());
                self.prepared.insert(name, statement);
            }
            b'B' => {
                let name = body.split(|byte| *byte == 0).nth(1).unwrap_or_default();
                let prepared = self.prepared.get(name).copied();
                self.executes = prepared.unwrap_or(Statement::Counted);
            }
            b'S' => {
                self.answers.push_back(std::mem::take(&mut self.executes));
            }
            _ => {}
        }
    }

    /// What the answer that just ended answers.
    fn answered(&mut self) -> Statement {
        self.answers.pop_front().unwrap_or_default()
    }
}

/// What the server told: where answers end.
#[derive(Debug, Default)]
struct Told {
    frames: Frames,
}

impl Told {
    /// For each answer that ends in these bytes, whether a transaction is open.
    fn read(&mut self, bytes: &[u8]) -> Vec<bool> {
        self.frames.pending.extend_from_slice(bytes);
        let mut ends = Vec::new();
        while let Some((letter, body)) = self.frames.next() {
            if letter == b'Z' {
                ends.push(body.first() != Some(&b'I'));
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![letter];
        message.extend((body.len() as u32 + 4).to_be_bytes());
        message.extend(body);
        message
    }

    #[test]
    fn preparing_and_housekeeping_do_not_count_and_executing_does() {
        let mut asked = Asked::default();
        asked.read(&[0, 0, 0, 8, 0, 3, 0, 0]);
        let mut bytes = message(b'P', b"s1\0select 1\0\0\0");
        bytes.extend(message(b'S', b""));
        bytes.extend(message(b'B', b"\0s1\0"));
        bytes.extend(message(b'E', b"\0\0\0\0\0"));
        bytes.extend(message(b'S', b""));
        bytes.extend(message(b'Q', b"select pg_notify('due', '')\0"));
        bytes.extend(message(b'Q', b"COMMIT\0"));
        // In two parts: messages do not keep to reads.
        asked.read(&bytes[..9]);
        asked.read(&bytes[9..]);

        use Statement::{Commit, Counted, Uncounted};
        let counted: Vec<Statement> = (0..4).map(|_| asked.answered()).collect();
        assert_eq!(counted, [Uncounted, Counted, Uncounted, Commit]);
    }

    #[test]
    fn an_answer_ends_inside_or_outside_of_a_transaction() {
        let mut bytes = message(b'C', b"BEGIN\0");
        bytes.extend(message(b'Z', b"T"));
        bytes.extend(message(b'Z', b"I"));
        assert_eq!(Told::default().read(&bytes), [true, false]);
    }
}
