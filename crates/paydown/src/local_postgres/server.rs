//! Making, starting and stopping the server, by whoever holds the lock.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::postmaster::Postmaster;
use super::{LocalPostgres, LocalPostgresError, StopMode, USER, outcome};

/// Recovery after a crash is part of a start, hence so long.
const START: Duration = Duration::from_secs(90);

impl LocalPostgres {
    pub(super) async fn start_locked(&self) -> Result<(), LocalPostgresError> {
        let data = self.place.data();
        self.place.make_private(&self.place.socket_dir())?;
        if self.place.made_by().is_none() {
            self.make_data(&data).await?;
        }
        self.place.must_own(&data)?;

        let deadline = Instant::now() + START;
        let mut said = String::new();
        while !self.answers().await {
            match Postmaster::of(&data) {
                // It starts, recovers or stops: the next look tells.
                Postmaster::Running => {}
                Postmaster::Stale => remove(&data.join("postmaster.pid"))?,
                Postmaster::Absent => match self.pg_ctl_start().await {
                    Err(LocalPostgresError::Failed { said: why, .. }) if is_passing(&why) => {
                        said = why;
                    }
                    started => started?,
                },
            }
            if deadline < Instant::now() {
                let said = if said.is_empty() {
                    end_of(&self.place.log())
                } else {
                    said
                };
                let (path, waited_seconds) = (self.place.dir.clone(), START.as_secs());
                return Err(LocalPostgresError::NotAnswering {
                    path,
                    waited_seconds,
                    said,
                });
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Made beside its place and then moved there, so that a crash leaves no half of it.
    async fn make_data(&self, data: &Path) -> Result<(), LocalPostgresError> {
        let new = self.place.dir.join("data.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(LocalPostgresError::io("remove", &new))?;
        }
        self.place.make_private(&new)?;
        let path = new.to_string_lossy();
        let arguments = [
            "--pgdata",
            &*path,
            "--username",
            USER,
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ];
        let output = self.command("initdb").args(arguments).output().await;
        outcome("initdb", output)?;
        let main = new.join("postgresql.conf");
        let mut text = fs::read_to_string(&main).map_err(LocalPostgresError::io("read", &main))?;
        text.push_str("\ninclude = 'paydown.conf'\n");
        fs::write(&main, text).map_err(LocalPostgresError::io("write", &main))?;
        fs::rename(&new, data).map_err(LocalPostgresError::io("move", &new))
    }

    /// The server inherits where this command writes to, so that is a file: reading a pipe to its
    /// end would last as long as the server does.
    async fn pg_ctl_start(&self) -> Result<(), LocalPostgresError> {
        let (data, log) = (self.place.data(), self.place.log());
        let settings = data.join("paydown.conf");
        fs::write(&settings, self.settings())
            .map_err(LocalPostgresError::io("write", &settings))?;
        // Root's umask may keep it from the server's user.
        self.place.give(&settings)?;
        self.place.make_log()?;
        let open = || OpenOptions::new().append(true).open(&log);
        let stdout = open().map_err(LocalPostgresError::io("open", &log))?;
        let stderr = open().map_err(LocalPostgresError::io("open", &log))?;

        let mut command = self.command("pg_ctl");
        command
            .args(["start", "--silent", "--wait", "--timeout", "60", "--pgdata"])
            .arg(&data);
        let status = command
            .arg("--log")
            .arg(&log)
            .stdout(stdout)
            .stderr(stderr)
            .status()
            .await;
        let status = status.map_err(LocalPostgresError::io("run", self.program("pg_ctl")))?;
        if status.success() {
            return Ok(());
        }
        Err(LocalPostgresError::Failed {
            program: "pg_ctl start",
            said: end_of(&log),
        })
    }

    fn settings(&self) -> String {
        let on_or_off = if self.options.durability { "on" } else { "off" };
        let socket_dir = self
            .place
            .socket_dir()
            .to_string_lossy()
            .replace('\'', "''");
        let mut text = String::from("# Written at every start; changes are lost.\n");
        let settings = [
            ("listen_addresses", "''".to_owned()),
            ("port", "5432".to_owned()),
            ("unix_socket_directories", format!("'\"{socket_dir}\"'")),
            ("max_connections", self.options.connections_max.to_string()),
            ("fsync", on_or_off.to_owned()),
            ("synchronous_commit", on_or_off.to_owned()),
            ("full_page_writes", on_or_off.to_owned()),
            // What takes a minute elsewhere, a demo's clock or a storm's goes through in seconds. More often costs
            // a storm more than it saves.
            ("autovacuum_naptime", "'15s'".to_owned()),
            ("timezone", "'UTC'".to_owned()),
            ("log_timezone", "'UTC'".to_owned()),
        ];
        for (name, value) in settings {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name} = {value}");
        }
        text
    }

    pub(super) async fn stop_locked(&self, mode: StopMode) -> Result<bool, LocalPostgresError> {
        let data = self.place.data();
        match Postmaster::of(&data) {
            Postmaster::Absent => Ok(false),
            Postmaster::Stale => remove(&data.join("postmaster.pid")).map(|()| false),
            Postmaster::Running => {
                let mut command = self.command("pg_ctl");
                command.args(["stop", "--silent", "--wait", "--timeout", "60", "--mode"]);
                let output = command
                    .arg(mode.as_str())
                    .arg("--pgdata")
                    .arg(&data)
                    .output()
                    .await;
                outcome("pg_ctl stop", output).map(|()| true)
            }
        }
    }
}

/// Right after a crash the dead server's children still hold its memory; that passes.
fn is_passing(said: &str) -> bool {
    said.contains("still in use") || said.contains("lock file")
}

fn remove(path: &Path) -> Result<(), LocalPostgresError> {
    fs::remove_file(path).map_err(LocalPostgresError::io("remove", path))
}

fn end_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n  ")
}
