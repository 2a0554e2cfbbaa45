//! Builds and runs named tests in the copy, within a time, and reads what became of each.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::Command;

use crate::bugs::Bug;
use crate::copy::Copy;

/// How long the tests of one bug may take. Nothing is measured by it: it ends what would never end.
const RUN_MAX: Duration = Duration::from_secs(10 * 60);
/// How long building them may take: the first time, that is everything.
const BUILD_MAX: Duration = Duration::from_secs(60 * 60);

/// Where and how tests are run.
pub struct Trial {
    work: PathBuf,
    target: PathBuf,
    logs: PathBuf,
    shared_target: PathBuf,
}

/// How running named tests ended. Each way names the file in which all of it is written.
pub enum Ending {
    /// They did not build.
    NotBuilt(String),
    /// They did not end in time, and were ended.
    TimedOut(String),
    /// They ran.
    Ran {
        /// Those that passed.
        green: Vec<String>,
        /// Those that failed.
        red: Vec<String>,
        /// The log.
        log: String,
    },
}

/// What became of one bug.
pub enum Verdict {
    /// Every test that it names turned red.
    Caught,
    /// Some did not.
    Survived(String),
    /// It does not fit the files of today.
    NotApplied(String),
    /// With it, nothing builds.
    NotBuilt(String),
    /// Its tests did not end, which was not expected of them.
    TimedOut(String),
}

impl Verdict {
    /// Judges how the named tests of `bug` ended with it planted.
    pub fn of(bug: &Bug, ending: Ending) -> Verdict {
        match ending {
            Ending::NotBuilt(log) => Verdict::NotBuilt(log),
            Ending::TimedOut(_) if bug.hangs => Verdict::Caught,
            Ending::TimedOut(log) => Verdict::TimedOut(log),
            Ending::Ran { green, red, log } => {
                let unmoved = bug.red.iter().filter(|name| !red.contains(name));
                let told: Vec<String> = unmoved
                    .map(|name| match green.contains(name) {
                        true => format!("{name} passed"),
                        false => format!("{name} did not run"),
                    })
                    .collect();
                match told.is_empty() {
                    true => Verdict::Caught,
                    false => Verdict::Survived(format!("{}: {log}", told.join(", "))),
                }
            }
        }
    }

    /// Whether the bug was caught.
    pub fn is_caught(&self) -> bool {
        matches!(self, Verdict::Caught)
    }

    /// It in one or two words; what is not as it should be stands out.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Caught => "caught",
            Verdict::Survived(_) => "SURVIVED",
            Verdict::NotApplied(_) => "NO PLACE",
            Verdict::NotBuilt(_) => "NO BUILD",
            Verdict::TimedOut(_) => "NO END",
        }
    }

    /// Why the bug was not caught.
    pub fn why(&self) -> Option<&str> {
        match self {
            Verdict::Caught => None,
            Verdict::Survived(why)
            | Verdict::NotApplied(why)
            | Verdict::NotBuilt(why)
            | Verdict::TimedOut(why) => Some(why),
        }
    }
}

impl Trial {
    /// Trials in `copy`.
    ///
    /// # Errors
    ///
    /// Fails when the folder of the logs cannot be made.
    pub fn new(root: &Path, copy: &Copy) -> anyhow::Result<Trial> {
        let home = root.join("target").join("planted");
        let logs = home.join("logs");
        fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
        Ok(Trial {
            work: copy.dir.clone(),
            target: home.join("target"),
            logs,
            shared_target: root.join("target"),
        })
    }

    /// Builds the tests of `place` and runs those with these names.
    ///
    /// # Errors
    ///
    /// Fails when cargo cannot be run, and when the person who watches interrupts it.
    pub async fn run(&self, what: &str, place: &str, names: &[&str]) -> anyhow::Result<Ending> {
        let log = self.logs.join(format!("{}.log", file_name(what)));
        let told = log.display().to_string();
        let mut build = self.cargo(place);
        build.arg("--no-run");
        match self.ended(build, &log, BUILD_MAX).await? {
            None => return Ok(Ending::TimedOut(told)),
            Some(false) => return Ok(Ending::NotBuilt(told)),
            Some(true) => {}
        }

        let mut run = self.cargo(place);
        run.arg("--").args(names);
        if self.ended(run, &log, RUN_MAX).await?.is_none() {
            return Ok(Ending::TimedOut(told));
        }
        let text = fs::read(&log).with_context(|| told.clone())?;
        let text = String::from_utf8_lossy(&text);
        Ok(Ending::Ran {
            green: ended_as(&text, "ok", names),
            red: ended_as(&text, "FAILED", names),
            log: told,
        })
    }

    fn cargo(&self, place: &str) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["test", "--target-dir"]).arg(&self.target);
        command.arg("-p").args(place.split(' '));
        command.current_dir(&self.work);
        // The tests keep their PostgreSQL below what this says: the one of all other tests serves these too.
        command.env("CARGO_TARGET_DIR", &self.shared_target);
        command
    }

    /// Whether it ended well; nothing when it had to be ended. Its processes are a group of their own, and are
    /// ended together.
    async fn ended(
        &self,
        mut command: Command,
        log: &Path,
        within: Duration,
    ) -> anyhow::Result<Option<bool>> {
        let out = File::create(log).with_context(|| log.display().to_string())?;
        command
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out);
        let mut child = command
            .process_group(0)
            .spawn()
            .context("cargo cannot be run")?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        let is_interrupted = tokio::select! {
            status = child.wait() => return Ok(Some(status?.success())),
            () = tokio::time::sleep(within) => false,
            interrupted = tokio::signal::ctrl_c() => { interrupted?; true }
        };
        if let Some(group) = group {
            killpg(group, Signal::SIGKILL)?;
        }
        child.wait().await?;
        if is_interrupted {
            bail!("interrupted; the next run makes the copy good again");
        }
        Ok(None)
    }
}

/// Which of `names` the tests' own report says ended so: `test gate::tests::a_name ... ok`.
fn ended_as(report: &str, how: &str, names: &[&str]) -> Vec<String> {
    let ended: Vec<&str> = report
        .lines()
        .filter_map(|line| {
            line.strip_prefix("test ")?
                .strip_suffix(how)?
                .strip_suffix(" ... ")
        })
        .map(|path| path.rsplit("::").next().unwrap_or(path))
        .collect();
    let named = names.iter().filter(|name| ended.contains(*name));
    named.map(|name| (*name).to_owned()).collect()
}

/// A bug's name as the name of a file.
fn file_name(what: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    what.to_lowercase().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "running 3 tests\n\
        test gate::tests::a_slot_is_free ... FAILED\n\
        test gate::tests::a_slot_is_free_again ... ok\n\
        test a_payment_is_sent ... ok\n\
        test result: FAILED. 2 passed; 1 failed\n";

    #[test]
    fn a_test_is_red_by_its_own_name_and_not_by_one_that_begins_so() {
        let names = ["a_slot_is_free", "a_slot_is_free_again", "another"];
        assert_eq!(ended_as(REPORT, "FAILED", &names), ["a_slot_is_free"]);
        assert_eq!(ended_as(REPORT, "ok", &names), ["a_slot_is_free_again"]);
    }

    fn bug(red: &[&str], hangs: bool) -> Bug {
        Bug {
            name: "a bug".to_owned(),
            law: crate::bugs::Law::Lost,
            place: "domain --lib".to_owned(),
            red: red.iter().map(|name| (*name).to_owned()).collect(),
            hangs,
            edit: Vec::new(),
        }
    }

    fn ran(green: &[&str], red: &[&str]) -> Ending {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Ending::Ran {
            green: owned(green),
            red: owned(red),
            log: "log".to_owned(),
        }
    }

    #[test]
    fn a_bug_is_caught_only_when_every_test_that_it_names_turns_red() {
        let word = |red: &[&str], ending| Verdict::of(&bug(red, false), ending).word();
        assert_eq!(word(&["a", "b"], ran(&[], &["a", "b"])), "caught");
        assert_eq!(word(&["a", "b"], ran(&["b"], &["a"])), "SURVIVED");
        assert_eq!(
            word(&["a"], ran(&[], &[])),
            "SURVIVED",
            "it did not even run"
        );
        assert_eq!(word(&["a"], Ending::NotBuilt(String::new())), "NO BUILD");
    }

    #[test]
    fn a_test_that_never_ends_catches_a_bug_only_where_that_is_said() {
        let word = |hangs| Verdict::of(&bug(&["a"], hangs), Ending::TimedOut(String::new())).word();
        assert_eq!((word(true), word(false)), ("caught", "NO END"));
    }
}
