//! The copy of the workspace in which bugs are planted.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::bugs::Bug;

/// A copy of the files that git knows or would take, as they stand now, committed or not.
pub struct Copy {
    /// Where it is.
    pub dir: PathBuf,
    files: BTreeSet<PathBuf>,
    /// Held for as long as bugs are planted: two at once would see each other's.
    _lock: File,
}

/// A bug in its place, and what stood there before.
pub struct Planted {
    before: Vec<(PathBuf, String)>,
}

impl Copy {
    /// Makes the copy, or brings the one of an earlier run up to date. A file that is the same is left alone, with
    /// its time, so that cargo need not build it again.
    ///
    /// # Errors
    ///
    /// Fails when somebody else is planting bugs, when git does not list the files, or one cannot be copied.
    pub fn of(root: &Path) -> anyhow::Result<Copy> {
        let home = root.join("target").join("planted");
        let dir = home.join("work");
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let lock = File::create(home.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("somebody else is planting bugs here"),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }

        let files = listed(root)?;
        for file in &files {
            let (from, to) = (root.join(file), dir.join(file));
            let wanted = fs::read(&from).with_context(|| from.display().to_string())?;
            if fs::read(&to).is_ok_and(|stands| stands == wanted) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&to, wanted).with_context(|| to.display().to_string())?;
        }
        let copy = Copy {
            dir,
            files,
            _lock: lock,
        };
        copy.remove_others()?;
        Ok(copy)
    }

    /// Plants `bug`; inside the answer, why it cannot be.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be read or written.
    pub fn plant(&self, bug: &Bug) -> anyhow::Result<Result<Planted, String>> {
        // What the tests of the bug before left behind, such as a case that failed, must not help with this one.
        self.remove_others()?;
        let changed = match bug.changed(&self.dir)? {
            Ok(changed) => changed,
            Err(unfit) => return Ok(Err(unfit)),
        };
        let mut before = Vec::new();
        for (path, text) in changed {
            before.push((path.clone(), fs::read_to_string(&path)?));
            fs::write(path, text)?;
        }
        Ok(Ok(Planted { before }))
    }

    /// A file that is no longer in the workspace would be compiled on.
    fn remove_others(&self) -> anyhow::Result<()> {
        let mut open = vec![self.dir.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let file = path.strip_prefix(&self.dir);
                if path.is_dir() {
                    open.push(path);
                } else if file.is_ok_and(|file| !self.files.contains(file)) {
                    fs::remove_file(&path).with_context(|| path.display().to_string())?;
                }
            }
        }
        Ok(())
    }
}

impl Planted {
    /// Writes back what stood there. The files are new to cargo by that, which goes by their times.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be written.
    pub fn revert(self) -> anyhow::Result<()> {
        for (path, text) in self.before {
            fs::write(&path, text).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

fn listed(root: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let git = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("git cannot be run")?;
    if !git.status.success() {
        bail!(
            "git does not list the files: {}",
            String::from_utf8_lossy(&git.stderr)
        );
    }
    let names = String::from_utf8(git.stdout).context("a name that is no UTF-8")?;
    let named = names.split('\0').filter(|name| !name.is_empty());
    // What was deleted and not committed yet is still listed.
    Ok(named
        .map(PathBuf::from)
        .filter(|file| root.join(file).is_file())
        .collect())
}
