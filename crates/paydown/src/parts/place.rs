//! The directory and the ports that the parts are to have for themselves, looked at before anything is touched.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use anyhow::Context;

/// A directory held by one `demo` or `dev`. The operating system lets go of it when the process ends, however it
/// ends.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Said, and not left to the closing of the file: a process that was forked just now may have it open still.
        // Where it fails, the end of that process does.
        let _ = self.file.unlock();
    }
}

/// Takes the directory, making it if it is not there.
///
/// # Errors
///
/// Fails, with who has it, when another process does.
pub(super) fn hold(dir: &Path, verb: &str) -> anyhow::Result<Held> {
    std::fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let path = dir.join("running");
    let told = || format!("{} cannot be used", path.display());
    let mut options = File::options();
    options.create(true).read(true).write(true).truncate(false);
    let mut file = options.open(&path).with_context(told)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Only a courtesy: it may be just about to write its name.
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() {
                "another process"
            } else {
                holder.trim()
            };
            anyhow::bail!(
                "{holder} is running in {}: wait for its end, or use --dir for another place",
                dir.display()
            );
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(told),
    }
    file.set_len(0).with_context(told)?;
    let name = format!("`paydown {verb}` (process {})\n", std::process::id());
    file.write_all(name.as_bytes()).with_context(told)?;
    Ok(Held { file })
}

/// The API's and the sandbox's port: those asked for if nobody has them, else any free ones.
///
/// # Errors
///
/// Fails with the first port that is in use, and the option that chooses another.
pub(super) fn ports(asked: Option<(u16, u16)>) -> anyhow::Result<(u16, u16)> {
    let (api, sandbox) = asked.unwrap_or_default();
    let take = |port: u16, option: &str| {
        TcpListener::bind(("127.0.0.1", port))
            .with_context(|| format!("port {port} is in use; choose another with {option}"))
    };
    // Both at once, so that they are not the same one.
    let api = take(api, "--api-port")?;
    let sandbox = take(sandbox, "--sandbox-port")?;
    Ok((api.local_addr()?.port(), sandbox.local_addr()?.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_who_is_told_to_the_next() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let held = hold(dir.path(), "demo").expect("it is free");

        let refused = hold(dir.path(), "dev").expect_err("held").to_string();
        assert!(refused.contains("`paydown demo` (process"), "{refused}");
        assert!(refused.contains("--dir"), "{refused}");

        drop(held);
        hold(dir.path(), "dev").expect("free again");
    }

    #[test]
    fn a_port_in_use_is_told_with_the_option_that_chooses_another() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("an address").port();

        let refused = ports(Some((port, 0))).expect_err("in use").to_string();
        assert!(
            refused.contains(&format!("port {port} is in use")),
            "{refused}"
        );
        assert!(refused.contains("--api-port"), "{refused}");
        let refused = ports(Some((0, port))).expect_err("in use").to_string();
        assert!(refused.contains("--sandbox-port"), "{refused}");

        let (api, sandbox) = ports(None).expect("free ones");
        assert_ne!(api, sandbox);
    }
}
