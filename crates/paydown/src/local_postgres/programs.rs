//! Where PostgreSQL's own programs are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::LocalPostgresError;

/// The oldest PostgreSQL Paydown runs on.
pub const MAJOR_MIN: u32 = 15;

const NEEDED: [&str; 6] = ["initdb", "pg_ctl", "postgres", "psql", "createdb", "dropdb"];

/// Directories that hold one directory per version, and what follows it.
const BY_VERSION: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The directory that holds all of its programs.
    pub bin_dir: PathBuf,
    /// Its major version.
    pub major: u32,
}

/// Where to look; a value, so that a test can look elsewhere.
#[derive(Debug, Clone)]
pub struct Search {
    /// `$PG_BIN_DIR`: when set, nothing else is looked at.
    pub given: Option<PathBuf>,
    /// `$PATH`.
    pub path: OsString,
    /// Whether the systems' usual places are looked at.
    pub usual_places: bool,
}

impl Search {
    /// As this process's environment says.
    pub fn of_process() -> Search {
        let given = std::env::var_os("PG_BIN_DIR").filter(|given| !given.is_empty());
        Search {
            given: given.map(PathBuf::from),
            path: std::env::var_os("PATH").unwrap_or_default(),
            usual_places: true,
        }
    }

    /// The PostgreSQL to use: of the version that made the data, if there is data; else the first
    /// of `$PG_BIN_DIR` (then only that), `pg_config --bindir`, the newest of the systems' usual
    /// places, and `$PATH`.
    ///
    /// # Errors
    ///
    /// Fails when there is none, none new enough, or none of the data's version.
    pub fn choose(
        &self,
        data_dir: &Path,
        made_by: Option<u32>,
    ) -> Result<Programs, LocalPostgresError> {
        let found = self.found();
        let newest = found.iter().max_by_key(|programs| programs.major);
        let Some(newest) = newest else {
            return Err(LocalPostgresError::ProgramsMissing {
                looked_in: self.places(),
            });
        };
        let chosen = match made_by {
            Some(major) => found.iter().find(|programs| programs.major == major),
            None => found.iter().find(|programs| MAJOR_MIN <= programs.major),
        };
        match (chosen, made_by) {
            (Some(chosen), _) => Ok(chosen.clone()),
            (None, Some(made_by)) => Err(LocalPostgresError::OtherVersion {
                data_dir: data_dir.to_owned(),
                made_by,
                found: found.iter().map(|programs| programs.major).collect(),
            }),
            (None, None) => Err(LocalPostgresError::TooOld {
                found: newest.major,
                bin_dir: newest.bin_dir.clone(),
            }),
        }
    }

    fn found(&self) -> Vec<Programs> {
        let mut found: Vec<Programs> = Vec::new();
        for bin_dir in self.directories() {
            let known = found.iter().any(|programs| programs.bin_dir == bin_dir);
            if !known && NEEDED.iter().all(|name| bin_dir.join(name).is_file()) {
                let major = major_of(&bin_dir);
                found.extend(major.map(|major| Programs { bin_dir, major }));
            }
        }
        found
    }

    fn directories(&self) -> Vec<PathBuf> {
        if let Some(given) = &self.given {
            return vec![given.clone()];
        }
        let on_path: Vec<_> = std::env::split_paths(&self.path).collect();
        let mut directories: Vec<_> = on_path
            .iter()
            .filter_map(|dir| bindir_said_by(dir))
            .collect();
        if self.usual_places {
            let mut usual: Vec<_> = BY_VERSION.iter().flat_map(versions).collect();
            // Newest first. The sort is stable, so that among equals the order of places decides.
            usual.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
            directories.extend(usual.into_iter().map(|(_, directory)| directory));
        }
        directories.extend(on_path);
        directories
    }

    fn places(&self) -> Vec<String> {
        if let Some(given) = &self.given {
            return vec![format!("$PG_BIN_DIR ({})", given.display())];
        }
        let usual = BY_VERSION.iter().map(|(parent, before, after)| {
            format!("{parent}/{before}*/{after}")
                .trim_end_matches('/')
                .to_owned()
        });
        let usual = usual.filter(|_| self.usual_places);
        let first = ["$PG_BIN_DIR", "`pg_config --bindir`"].map(str::to_owned);
        first
            .into_iter()
            .chain(usual)
            .chain(["$PATH".to_owned()])
            .collect()
    }
}

fn versions((parent, before, after): &(&str, &str, &str)) -> Vec<(u32, PathBuf)> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| {
        let name = entry.file_name();
        let digits = name.to_str()?.strip_prefix(before)?;
        let version = digits.split('.').next()?.parse().ok()?;
        Some((version, entry.path().join(after)))
    });
    versions.collect()
}

/// Debian's package of client libraries has a `pg_config` too, and its answer may hold no server.
fn bindir_said_by(directory: &Path) -> Option<PathBuf> {
    let program = directory.join("pg_config");
    let output = program
        .is_file()
        .then(|| Command::new(program).arg("--bindir").output())?
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(said.trim()))
}

fn major_of(bin_dir: &Path) -> Option<u32> {
    let output = Command::new(bin_dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    major_in(&String::from_utf8(output.stdout).ok()?)
}

/// `postgres (PostgreSQL) 15.10 (Debian 15.10-0)` → 15; also `18beta1` → 18.
fn major_in(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let end = number
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    /// An installation whose `postgres` only tells its version.
    fn install(root: &Path, major: u32) -> PathBuf {
        let bin_dir = root.join(major.to_string());
        fs::create_dir_all(&bin_dir).expect("made");
        for name in NEEDED {
            let script = format!("#!/bin/sh\necho 'postgres (PostgreSQL) {major}.3 (Some 1)'\n");
            fs::write(bin_dir.join(name), script).expect("written");
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(bin_dir.join(name), mode).expect("set");
        }
        bin_dir
    }

    fn only_on_path(directories: &[&Path]) -> Search {
        let path = std::env::join_paths(directories).expect("no colons");
        Search {
            given: None,
            path,
            usual_places: false,
        }
    }

    #[test]
    fn no_postgres_anywhere_says_what_to_install() {
        let search = only_on_path(&[]);
        let message = search
            .choose(Path::new("/data"), None)
            .expect_err("none")
            .to_string();

        for word in ["apt-get install postgresql", "brew install", "PG_BIN_DIR"] {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn data_is_opened_by_the_version_that_made_it() {
        let root = TempDir::new().expect("a directory");
        let (old, new) = (install(root.path(), 16), install(root.path(), 17));
        let search = only_on_path(&[&new, &old]);

        let chosen = |made_by| search.choose(Path::new("/data"), made_by);
        assert_eq!(chosen(None).expect("new enough").major, 17);
        assert_eq!(chosen(Some(16)).expect("installed").bin_dir, old);
        let refused = chosen(Some(15)).expect_err("not installed").to_string();
        assert!(
            refused.contains("PostgreSQL 15") && refused.contains("[17, 16]"),
            "{refused}"
        );
    }

    #[test]
    fn a_postgres_too_old_is_named_rather_than_not_found() {
        let root = TempDir::new().expect("a directory");
        let search = only_on_path(&[&install(root.path(), 13)]);
        let refused = search
            .choose(Path::new("/data"), None)
            .expect_err("too old");
        assert!(matches!(
            refused,
            LocalPostgresError::TooOld { found: 13, .. }
        ));
    }

    #[test]
    fn a_given_directory_is_the_only_one_looked_at() {
        let root = TempDir::new().expect("a directory");
        let installed = install(root.path(), 17);
        let mut search = only_on_path(&[&installed]);
        search.given = Some(root.path().join("empty"));

        let refused = search
            .choose(Path::new("/data"), None)
            .expect_err("none there");
        assert!(refused.to_string().contains("$PG_BIN_DIR"), "{refused}");
    }

    #[test]
    fn the_version_is_read_out_of_what_postgres_says_of_itself() {
        assert_eq!(
            major_in("postgres (PostgreSQL) 15.10 (Debian 15.10-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_in("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_in("something else"), None);
    }
}
