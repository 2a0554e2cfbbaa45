//! The private PostgreSQL, started for real.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use paydown::local_postgres::testing::TestDatabase;
use paydown::local_postgres::{DATABASE, database};
use paydown::local_postgres::{Database, LocalPostgres, LocalPostgresError, Options, StopMode};
use tempfile::TempDir;

const PAYDOWN: &str = env!("CARGO_BIN_EXE_paydown");

/// A directory whose cluster is stopped when the test ends, however it ends.
struct Yard {
    root: TempDir,
}

impl Yard {
    fn new() -> Yard {
        // In the target directory, which unlike a developer's home any user can reach.
        Yard {
            root: TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory"),
        }
    }

    /// Short: a socket's path is, too.
    fn dir(&self) -> PathBuf {
        open_up(self.root.path());
        self.root.path().join("pg")
    }

    async fn start(&self) -> LocalPostgres {
        LocalPostgres::start(&self.dir(), Options::default())
            .await
            .expect("it starts")
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        stop_immediately(&self.dir());
    }
}

fn stop_immediately(dir: &Path) {
    let mut command = Command::new(PAYDOWN);
    command
        .args(["postgres", "stop", "--mode", "immediate", "--dir"])
        .arg(dir);
    let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

fn open_up(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("set");
}

/// What `psql` prints for a statement; `Err` what it complains of.
fn sql(url: &str, statement: &str) -> Result<String, String> {
    let arguments = [
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--quiet",
        "--command",
    ];
    let output = Command::new("psql")
        .args(arguments)
        .arg(statement)
        .arg(url)
        .output();
    let output = output.expect("psql is on PATH");
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn postmaster_pid(cluster: &LocalPostgres) -> i32 {
    let file = fs::read_to_string(cluster.dir().join("data/postmaster.pid")).expect("it runs");
    file.lines()
        .next()
        .expect("a line")
        .parse()
        .expect("a number")
}

fn kill(pid: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("killed");
}

#[tokio::test]
async fn a_cluster_is_made_once_and_used_again_while_it_runs_and_after_a_stop() {
    let yard = Yard::new();
    let Database::Local(cold) = database(None, &yard.dir()).await.expect("it starts") else {
        panic!("no database was given");
    };
    let url = cold.url(DATABASE);
    sql(
        &url,
        "create table kept (n int); insert into kept values (7)",
    )
    .expect("written");
    let pid = postmaster_pid(&cold);

    let running = yard.start().await;
    assert_eq!(postmaster_pid(&running), pid, "the same server");

    assert!(
        running.stop(StopMode::Fast).await.expect("stopped"),
        "it ran"
    );
    assert!(
        !running.stop(StopMode::Fast).await.expect("nothing to do"),
        "it was stopped"
    );
    assert!(!running.answers().await);

    let warm = yard.start().await;
    assert_eq!(warm.url(DATABASE), url);
    assert_eq!(sql(&url, "select n from kept").as_deref(), Ok("7"));
    assert_eq!(sql(&url, "show fsync").as_deref(), Ok("on"));
}

#[tokio::test]
async fn a_server_killed_with_clients_connected_is_started_again_at_once_and_keeps_its_commits() {
    let yard = Yard::new();
    let cluster = yard.start().await;
    let url = cluster.url("postgres");
    sql(
        &url,
        "create table kept (n int); insert into kept values (7)",
    )
    .expect("written");
    // A busy child outlives its server for a moment and holds on to its memory.
    let mut busy = Command::new("psql");
    let busy = busy.args(["--command", "select pg_sleep(60)"]).arg(&url);
    let mut busy = busy
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");

    kill(postmaster_pid(&cluster));
    let again = yard.start().await;

    assert_eq!(
        sql(&again.url("postgres"), "select n from kept").as_deref(),
        Ok("7")
    );
    busy.wait().expect("it lost its server");
}

#[tokio::test]
async fn a_pid_file_whose_number_is_another_process_by_now_does_not_stop_a_start() {
    let yard = Yard::new();
    let cluster = yard.start().await;
    let file = cluster.dir().join("data/postmaster.pid");
    let text = fs::read_to_string(&file).expect("it runs");
    cluster.stop(StopMode::Fast).await.expect("stopped");
    // The server's user must be able to signal it, else PostgreSQL itself sees through it.
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(cluster.log()).expect("there"));
    let mut sleeper = Command::new("sleep");
    let sleeper = std::os::unix::process::CommandExt::uid(sleeper.arg("60"), owner);
    let mut sleeper = sleeper.spawn().expect("started");
    let rest = text.split_once('\n').expect("lines").1;
    fs::write(&file, format!("{}\n{rest}", sleeper.id())).expect("written");

    let started = LocalPostgres::start(&yard.dir(), Options::default()).await;

    sleeper.kill().expect("killed");
    sleeper.wait().expect("ended");
    assert!(started.expect("it starts").answers().await);
}

#[tokio::test]
async fn a_restart_breaks_every_connection_and_keeps_the_url() {
    let yard = Yard::new();
    let cluster = yard.start().await;
    let (url, pid) = (cluster.url("postgres"), postmaster_pid(&cluster));

    cluster.restart_immediate().await.expect("restarted");

    assert_ne!(postmaster_pid(&cluster), pid);
    assert_eq!(sql(&url, "select 1").as_deref(), Ok("1"));
}

#[test]
fn processes_that_start_the_same_cluster_at_once_get_the_same_one() {
    let yard = Yard::new();
    let start = || {
        let mut command = Command::new(PAYDOWN);
        command.args(["postgres", "start", "--dir"]).arg(yard.dir());
        // Piped: a server that held on to its starter's stdout would hang this test.
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    };
    let processes: Vec<_> = (0..4).map(|_| start()).collect();

    let outputs = processes
        .into_iter()
        .map(|process| process.wait_with_output().expect("ended"));
    let urls: Vec<_> = outputs
        .map(|output| {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{stderr}");
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
        .collect();

    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    assert_eq!(
        sql(&urls[0], "select current_database()").as_deref(),
        Ok(DATABASE)
    );
}

#[test]
fn a_umask_that_shuts_everybody_out_does_not_keep_the_server_from_its_settings() {
    let yard = Yard::new();
    fs::create_dir(yard.dir()).expect("made");
    open_up(&yard.dir());
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "umask 077; exec \"$0\" postgres start --dir \"$1\"",
        PAYDOWN,
    ]);
    let output = command.arg(yard.dir()).output().expect("it ran");

    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
}

#[tokio::test]
async fn what_a_crash_during_the_making_left_is_no_obstacle() {
    let yard = Yard::new();
    fs::create_dir_all(yard.dir().join("data.new/base")).expect("made");
    assert!(yard.start().await.answers().await);
}

#[tokio::test]
async fn a_directory_too_deep_for_a_socket_gets_a_short_one_that_is_told_and_found_again() {
    let yard = Yard::new();
    let deep = yard.dir().join("d".repeat(80));
    let cluster = LocalPostgres::start(&deep, Options::default())
        .await
        .expect("it starts");
    let again = LocalPostgres::at(&deep, Options::default()).expect("found");

    let (told, short, same) = (
        cluster.moved(),
        cluster.dir().to_owned(),
        again.dir().to_owned(),
    );
    stop_immediately(&deep);
    fs::remove_dir_all(&short).expect("removed");
    assert!(
        told.is_some_and(|reason| reason.contains("too long")),
        "{told:?}"
    );
    assert!(short.to_string_lossy().contains("/paydown-"), "{short:?}");
    assert_eq!(short, same);
}

#[tokio::test]
async fn only_the_servers_user_can_come_near_its_socket_and_its_data() {
    use std::os::unix::fs::MetadataExt;
    let yard = Yard::new();
    let cluster = yard.start().await;

    for private in ["run", "data"] {
        let found = fs::metadata(cluster.dir().join(private)).expect("there");
        assert_eq!(found.mode() & 0o077, 0, "{private}");
    }
    let listens = sql(&cluster.url("postgres"), "show listen_addresses");
    assert_eq!(listens.as_deref(), Ok(""));
}

#[tokio::test]
async fn a_given_database_is_used_as_it_is() {
    let url = "postgres://somebody:secret@elsewhere/paydown".into();
    let database = database(Some(&url), Path::new("/nowhere"))
        .await
        .expect("nothing to start");
    assert!(matches!(database, Database::Given(_)));
}

#[tokio::test]
async fn a_test_database_is_a_copy_of_a_template_migrated_once_and_goes_when_dropped() {
    let yard = Yard::new();
    let cluster = yard.start().await;
    let migrations = AtomicU32::new(0);
    let fresh = async || {
        let migrate = async |url: String| {
            migrations.fetch_add(1, Ordering::Relaxed);
            sql(&url, "create table shared (n int)").map(drop)
        };
        TestDatabase::create_in(cluster.clone(), b"schema 1", migrate)
            .await
            .expect("made")
    };
    let (one, other) = (fresh().await, fresh().await);
    sql(&one.url, "insert into shared values (1)").expect("written");

    assert_eq!(migrations.load(Ordering::Relaxed), 1);
    assert_eq!(
        sql(&other.url, "select count(*) from shared").as_deref(),
        Ok("0")
    );

    let url = one.url.clone();
    drop(one);
    // Not waited for by the drop; the time-out is the failure.
    for _ in 0..400 {
        if sql(&url, "select 1").is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{url} is still there");
}

#[tokio::test]
async fn a_template_whose_migration_failed_is_not_used() {
    let yard = Yard::new();
    let cluster = yard.start().await;
    let failed = TestDatabase::create_in(cluster.clone(), b"schema", async |url: String| {
        sql(&url, "create table half (n int)").map(drop)?;
        Err("no more".to_owned())
    });
    let failed = failed.await.expect_err("the migration fails");
    assert!(
        matches!(failed, LocalPostgresError::Migration(_)),
        "{failed}"
    );

    let whole = async |url: String| sql(&url, "create table whole (n int)").map(drop);
    let whole = TestDatabase::create_in(cluster, b"schema", whole)
        .await
        .expect("made");
    assert_eq!(
        sql(&whole.url, "select to_regclass('half') is null").as_deref(),
        Ok("t")
    );
}
