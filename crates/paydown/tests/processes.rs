//! `demo` and `dev` as processes: what they leave behind, however they end.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use paydown::local_postgres::testing::TestDatabase;
use store::{DataKey, Store};
use tempfile::TempDir;
use tokio::net::TcpSocket;

const PAYDOWN: &str = env!("CARGO_BIN_EXE_paydown");

/// A directory whose PostgreSQL is stopped when the test ends, however it ends.
struct Yard(TempDir);

impl Yard {
    fn new() -> Yard {
        use std::os::unix::fs::PermissionsExt;
        let dir = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        // The server's user may be another one.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("set");
        Yard(dir)
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("d")
    }

    fn spawn(&self, arguments: &[String]) -> Child {
        let mut command = Command::new(PAYDOWN);
        command.args(arguments).arg("--dir").arg(self.dir());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        let mut command = Command::new(PAYDOWN);
        command.args(["postgres", "stop", "--mode", "immediate", "--dir"]);
        let _ = command.arg(self.dir().join("postgres")).output();
    }
}

/// A port that is free and that no other caller here gets. It lies below those that the system
/// hands out by itself, so that no connection of another test takes it before it is used.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_000, "no port is free");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn dev(ports: (u16, u16)) -> Vec<String> {
    let (api, sandbox) = ports;
    vec![
        "dev".to_owned(),
        format!("--api-port={api}"),
        format!("--sandbox-port={sandbox}"),
    ]
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).expect("a process id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal).expect("sent");
}

fn ended(child: Child) -> (Output, String) {
    let output = child.wait_with_output().expect("it ended");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, stderr)
}

fn is_written(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| 0 < file.len())
}

#[test]
fn parts_whose_starter_is_killed_end_by_themselves_and_the_next_start_finds_the_place_free() {
    let yard = Yard::new();
    let ports = (free_port(), free_port());
    let places = yard.dir().join("dev.json");
    let killed = yard.spawn(&dev(ports));
    wait_for("dev is up", || is_written(&places));
    let log = yard.dir().join("logs/worker-1.log");
    wait_for("the worker works", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("working"))
    });

    // Two at once in one place: the second touches nothing, and says who is there.
    for second in [vec!["demo".to_owned()], dev((free_port(), free_port()))] {
        let (output, told) = ended(yard.spawn(&second));
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("`paydown dev` (process"), "{told}");
    }

    signal(&killed, Signal::SIGKILL);
    // Until its parts have ended, too: they hold on to its stderr no more than to its ports.
    ended(killed);
    wait_for("the parts end", || !listens(ports.0) && !listens(ports.1));
    wait_for("the worker winds down", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("winding down"))
    });

    fs::remove_file(&places).expect("removed");
    let again = yard.spawn(&dev(ports));
    wait_for("dev is up again", || is_written(&places));
    signal(&again, Signal::SIGTERM);
    let (output, told) = ended(again);
    assert!(output.status.success(), "{told}");
    assert!(!listens(ports.0) && !listens(ports.1));
    assert!(!places.exists(), "nobody is there any more");
}

#[test]
fn a_demo_that_is_interrupted_ends_its_parts_and_fails() {
    let yard = Yard::new();
    let demo = yard.spawn(&["demo".to_owned()]);
    let log = yard.dir().join("logs/worker-2.log");
    wait_for("the demo plays", || is_written(&log));

    signal(&demo, Signal::SIGHUP);
    let (output, told) = ended(demo);

    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("stopped by a signal"), "{told}");
    let log = fs::read_to_string(yard.dir().join("logs/api.log")).expect("a log");
    assert!(log.contains("asked to stop"), "in order: {log}");
}

#[test]
fn a_port_in_use_is_told_and_nothing_is_touched() {
    let yard = Yard::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();

    let (output, told) = ended(yard.spawn(&dev((port, free_port()))));

    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("port {port} is in use")), "{told}");
    assert!(!yard.dir().join("logs").exists() && !yard.dir().join("postgres").exists());
}

/// Does it in the database, by hand.
fn by_hand(url: &str, statement: &str) {
    let arguments = ["--no-psqlrc", "--quiet", "--command", statement, url];
    let output = Command::new("psql").args(arguments).output();
    let output = output.expect("psql is on PATH");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

#[tokio::test]
async fn a_running_process_does_not_go_on_with_a_database_of_other_keys() {
    let migrate = async |_| Ok::<(), String>(());
    let database = TestDatabase::create(b"nothing", migrate)
        .await
        .expect("made");
    let key = DataKey::new([7; 32]);
    let store = Store::connect(&database.url, 2, &key).await.expect("there");
    let unmigrated = store.check().await.expect_err("no schema").to_string();
    assert!(unmigrated.contains("paydown migrate"), "{unmigrated}");
    store.migrate().await.expect("migrated");
    store.hold_keys("ours").await.expect("ours from now on");
    store.check().await.expect("ready");

    let leave = "select pg_terminate_backend(pid) from pg_stat_activity \
                 where datname = current_database() and pid <> pg_backend_pid()";
    let record = |fingerprint: &str| {
        let set = format!(
            "update key_fingerprint set fingerprint = '{fingerprint}' where purpose = 'uid'"
        );
        by_hand(&database.url, &format!("{set}; {leave}"));
    };
    record("theirs");
    let refused = tokio::time::timeout(Duration::from_secs(2), store.check()).await;
    assert!(refused.is_err() || refused.is_ok_and(|checked| checked.is_err()));

    record("ours");
    store.check().await.expect("its own database again");
    store.close().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_by_its_cause() {
    // Kept and not listening: connections to it are refused, and nobody else can take it.
    let away = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    away.bind(any).expect("a port");
    let port = away.local_addr().expect("an address").port();
    let url = format!("postgres://nobody@127.0.0.1:{port}/none");
    let refused = Store::connect(&url, 2, &DataKey::new([7; 32])).await;

    // A pool that tries again until its time is over would tell that its time was over.
    let cause = anyhow::Error::from(refused.expect_err("nobody listens"));
    assert!(format!("{cause:#}").contains("refused"), "{cause:#}");
}
