//! Where a private cluster lives, and as whom it runs.
//!
//! PostgreSQL refuses to run as root, so root hands it to `postgres`, else `nobody`. That user must
//! be able to reach the directory, and the socket's path must be short; where either is not so, the
//! cluster lives in a directory under /tmp named after a hash of the one asked for.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use nix::unistd::{User, geteuid};
use sha2::{Digest, Sha256};

use super::LocalPostgresError;

/// A socket's whole path must fit `sockaddr_un`: 104 bytes on macOS. So much is the directory's.
const LENGTH_MAX: usize = 70;

/// The user PostgreSQL runs as when we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub uid: u32,
    pub gid: u32,
}

impl Server {
    /// Nobody else when we are not root.
    pub fn needed() -> Result<Option<Server>, LocalPostgresError> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok()?);
        let user = user
            .filter(|user| !user.uid.is_root())
            .ok_or(LocalPostgresError::NoUser)?;
        Ok(Some(Server {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        }))
    }
}

/// A cluster's directory and what is where in it.
#[derive(Debug, Clone)]
pub struct Place {
    /// The directory itself; absolute, free of links.
    pub dir: PathBuf,
    /// As whom the server runs, if not as us.
    pub server: Option<Server>,
    /// Why it is not the directory asked for, if it is not.
    pub moved: Option<&'static str>,
}

impl Place {
    pub fn resolve(asked: &Path) -> Result<Place, LocalPostgresError> {
        let server = Server::needed()?;
        fs::create_dir_all(asked).map_err(LocalPostgresError::io("make", asked))?;
        let dir = asked
            .canonicalize()
            .map_err(LocalPostgresError::io("resolve", asked))?;
        let moved = if LENGTH_MAX < dir.as_os_str().len() {
            Some("its path is too long for a socket")
        } else if !can_enter(&dir, server.as_ref()) {
            Some("the user PostgreSQL runs as cannot reach it")
        } else {
            None
        };
        let dir = if moved.is_some() {
            make_substitute(&dir)?
        } else {
            dir
        };
        Ok(Place { dir, server, moved })
    }

    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Holds the socket. Whoever can enter it can connect, so only the server's user can.
    pub fn socket_dir(&self) -> PathBuf {
        self.dir.join("run")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// The major version that made the data; `None` when there is none.
    pub fn made_by(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Makes a directory that only the server's user can enter, or sees that it is one.
    pub fn make_private(&self, path: &Path) -> Result<(), LocalPostgresError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => self.give(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.must_own(path),
            Err(error) => Err(LocalPostgresError::io("make", path)(error)),
        }
    }

    /// Sees that the server's user owns what is there.
    pub fn must_own(&self, path: &Path) -> Result<(), LocalPostgresError> {
        let us = geteuid().as_raw();
        must_be_owned(path, self.server.as_ref().map_or(us, |server| server.uid))
    }

    /// Makes the server's log if it is not there, and empties it when it has grown.
    pub fn make_log(&self) -> Result<(), LocalPostgresError> {
        const GROWN_BYTES: u64 = 8 * 1024 * 1024;
        let path = self.log();
        let grown = fs::metadata(&path).is_ok_and(|log| GROWN_BYTES < log.len());
        let mut options = OpenOptions::new();
        let options = options.create(true).write(true).truncate(grown).mode(0o600);
        options
            .open(&path)
            .map_err(LocalPostgresError::io("make", &path))?;
        self.give(&path)
    }

    /// Makes the server's user the owner of what is there.
    pub fn give(&self, path: &Path) -> Result<(), LocalPostgresError> {
        let Some(server) = &self.server else {
            return Ok(());
        };
        chown(path, Some(server.uid), Some(server.gid))
            .map_err(LocalPostgresError::io("give", path))
    }

    /// A command that runs as the server's user, in a directory it can stand in, undisturbed by
    /// the caller's own `PG…` variables, and speaking English, which we read.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.as_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").env("PGCONNECT_TIMEOUT", "5");
        command.current_dir("/").stdin(Stdio::null());
        run_as(&mut command, self.server.as_ref());
        command
    }
}

fn run_as(command: &mut Command, server: Option<&Server>) {
    if let Some(server) = server {
        command.uid(server.uid).gid(server.gid);
    }
}

/// Asks by trying: mode bits alone do not tell (groups, access lists, mounts).
fn can_enter(dir: &Path, server: Option<&Server>) -> bool {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", ":"])
        .current_dir(dir)
        .stdin(Stdio::null());
    run_as(&mut command, server);
    command.status().is_ok_and(|status| status.success())
}

/// The directory under /tmp that stands in for one that cannot be used.
fn make_substitute(asked: &Path) -> Result<PathBuf, LocalPostgresError> {
    let us = geteuid().as_raw();
    let hash = HEXLOWER.encode(&Sha256::digest(asked.as_os_str().as_bytes())[..6]);
    let tmp = Path::new("/tmp")
        .canonicalize()
        .map_err(LocalPostgresError::io("resolve", "/tmp"))?;
    let dir = tmp.join(format!("paydown-{us}-{hash}"));
    match DirBuilder::new().mode(0o755).create(&dir) {
        Ok(()) => {
            // The process's umask may have taken away what the server's user needs.
            let mode = Permissions::from_mode(0o755);
            fs::set_permissions(&dir, mode).map_err(LocalPostgresError::io("open up", &dir))?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(LocalPostgresError::io("make", &dir)(error)),
    }
    // /tmp is everyone's: another user may have been there first.
    must_be_owned(&dir, us)?;
    Ok(dir)
}

fn must_be_owned(path: &Path, expected: u32) -> Result<(), LocalPostgresError> {
    let found = fs::symlink_metadata(path).map_err(LocalPostgresError::io("look at", path))?;
    if found.is_dir() && found.uid() == expected {
        return Ok(());
    }
    Err(LocalPostgresError::NotOurs {
        path: path.to_owned(),
        owner: found.uid(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_the_servers_user_cannot_reach_is_given_up_for_one_it_can() {
        let private = tempfile::TempDir::new_in("/tmp").expect("a directory");
        fs::set_permissions(private.path(), Permissions::from_mode(0o700)).expect("only ours");
        let place = Place::resolve(&private.path().join("pg")).expect("a place");

        // Only root runs the server as somebody else.
        let expected = geteuid().is_root();
        assert_eq!(place.moved.is_some(), expected, "{:?}", place.moved);
        assert!(can_enter(&place.dir, place.server.as_ref()));
        if expected {
            fs::remove_dir_all(&place.dir).expect("removed");
        }
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let root = Path::new("/");
        let refused = must_be_owned(root, u32::MAX)
            .expect_err("nobody's")
            .to_string();
        assert!(refused.contains("belongs to uid 0"), "{refused}");
    }
}
