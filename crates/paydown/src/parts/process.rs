//! One part as a process: started, struck down, halted, ended, always by its id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::runtime::END_WITH_STDIN;

/// Starts parts in one directory, configured by environment alone.
#[derive(Debug)]
pub(super) struct Starter {
    dir: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Starter {
    pub(super) fn new(dir: PathBuf, environment: Vec<(&'static str, String)>) -> Starter {
        Starter { dir, environment }
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Starts a part under a new log; `program` is another binary than this one.
    pub(super) fn start(
        &self,
        program: Option<&Path>,
        name: &str,
        arguments: &[String],
    ) -> anyhow::Result<Process> {
        let path = self.log(name);
        let log =
            File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        let program = match program {
            Some(program) => program.to_owned(),
            None => std::env::current_exe().context("this program's own file cannot be found")?,
        };
        let child = self.spawn(&program, name, arguments, log)?;
        Ok(Process {
            name: name.to_owned(),
            program,
            arguments: arguments.to_vec(),
            child,
        })
    }

    /// Starts a part once more, when it has ended; its log goes on.
    pub(super) fn start_again(&self, process: &mut Process) -> anyhow::Result<()> {
        let path = self.log(&process.name);
        let log = File::options().append(true).open(&path);
        let log = log.with_context(|| format!("{} cannot be written", path.display()))?;
        process.child = self.spawn(&process.program, &process.name, &process.arguments, log)?;
        Ok(())
    }

    fn spawn(
        &self,
        program: &Path,
        name: &str,
        arguments: &[String],
        log: File,
    ) -> anyhow::Result<Child> {
        let mut command = Command::new(program);
        for (variable, _) in std::env::vars_os() {
            // The parts are configured here alone, whatever the shell has set.
            if variable.to_string_lossy().starts_with("PAYDOWN_") || variable == "DATABASE_URL" {
                command.env_remove(variable);
            }
        }
        command
            .args(arguments)
            .current_dir(&self.dir)
            .envs(self.environment.iter().map(|(key, value)| (*key, value)))
            // Held open by this process alone: however it ends, its parts hear of it and end, too.
            .env(END_WITH_STDIN, "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C on the terminal reaches this process alone; it ends its parts in order.
            .process_group(0)
            .kill_on_drop(true);
        command
            .spawn()
            .with_context(|| format!("{name} cannot be started"))
    }
}

/// A part that runs. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    child: Child,
}

impl Process {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// SIGKILL: at once and without a word.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    pub(super) fn signal(&self, signal: Signal) {
        let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) else {
            return;
        };
        if let Err(error) = kill(Pid::from_raw(id), signal) {
            tracing::debug!(%error, "a part has ended by itself");
        }
    }

    /// Waits for its end; kills it when that does not come in time.
    pub(super) async fn end_within(&mut self, time: Duration) {
        // Waiting closes its stdin, and that is another way to be told to end: what was asked to stop would now and
        // then find that out first.
        let stdin = self.child.stdin.take();
        let ended = tokio::time::timeout(time, self.child.wait()).await;
        if ended.is_err() {
            tracing::warn!("a part did not end when asked to; killing it");
            // It may have ended in between; there is nothing left to do about either.
            drop(self.child.kill().await);
        }
        drop(stdin);
    }
}
