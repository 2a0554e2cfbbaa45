//! Whether the server a pid file speaks of is alive, and ours.

use std::path::Path;
use std::process::Command;

/// What `postmaster.pid` says, held against the processes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Postmaster {
    /// No pid file: it is stopped.
    Absent,
    /// The pid file is left over: its process is gone, a zombie, or another program by now.
    /// PostgreSQL itself believes such a file whenever some process has the number.
    Stale,
    /// It runs; whether it answers is another question.
    Running,
}

impl Postmaster {
    pub fn of(data_dir: &Path) -> Postmaster {
        let Ok(file) = std::fs::read_to_string(data_dir.join("postmaster.pid")) else {
            return Postmaster::Absent;
        };
        let pid = file
            .lines()
            .next()
            .and_then(|line| line.trim().parse::<u32>().ok());
        let arguments = pid.map(arguments).unwrap_or_default();
        let data_dir = data_dir.to_string_lossy();
        if arguments.contains("postgres") && arguments.contains(&*data_dir) {
            Postmaster::Running
        } else {
            Postmaster::Stale
        }
    }
}

/// The command line a process was started with; empty when there is none, or it is a zombie.
fn arguments(pid: u32) -> String {
    if Path::new("/proc/self/cmdline").exists() {
        let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        return String::from_utf8_lossy(&bytes).replace('\0', " ");
    }
    let output = Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_that_is_another_program_by_now_is_not_the_server() {
        let dir = tempfile::TempDir::new().expect("a directory");
        assert_eq!(Postmaster::of(dir.path()), Postmaster::Absent);

        let ourselves = format!("{}\n{}\n", std::process::id(), dir.path().display());
        std::fs::write(dir.path().join("postmaster.pid"), ourselves).expect("written");
        assert_eq!(Postmaster::of(dir.path()), Postmaster::Stale);
    }
}
