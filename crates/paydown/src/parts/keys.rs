//! The keys of an installation in a directory: made once, kept beside its database.

use std::path::{Path, PathBuf};

use anyhow::Context;

use store::DataKey;

use super::Layout;
use crate::verbs::keys::fresh;

/// Both keys, in hex.
pub(super) struct Keys {
    pub(super) uid_key: String,
    pub(super) data_key: String,
}

impl Keys {
    /// Those of the layout's database; fresh ones for a fresh one.
    pub(super) fn of(layout: &Layout) -> anyhow::Result<Keys> {
        let path = path(&layout.dir, layout.database);
        if layout.fresh || !path.exists() {
            write_private(&path, &format!("{}\n{}\n", fresh()?, fresh()?))?;
        }
        Keys::read(&path)
    }

    fn read(path: &Path) -> anyhow::Result<Keys> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mut lines = text.lines().map(str::to_owned);
        let (Some(uid_key), Some(data_key)) = (lines.next(), lines.next()) else {
            anyhow::bail!("{} does not hold two keys", path.display());
        };
        Ok(Keys { uid_key, data_key })
    }

    pub(super) fn data_key(&self) -> anyhow::Result<DataKey> {
        Ok(DataKey::new(bytes(&self.data_key)?))
    }

    pub(super) fn uid_key(&self) -> anyhow::Result<[u8; 32]> {
        bytes(&self.uid_key)
    }
}

/// Where the keys of a database in `dir` are.
fn path(dir: &Path, database: &str) -> PathBuf {
    dir.join(format!("{database}.keys"))
}

/// The key of uids of a database that the parts in `dir` made.
///
/// # Errors
///
/// Fails when there is none.
pub(crate) fn key_of_uids(dir: &Path, database: &str) -> anyhow::Result<[u8; 32]> {
    Keys::read(&path(dir, database))?.uid_key()
}

/// A key out of its hex digits.
fn bytes(hex: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes())?;
    let bytes = bytes.try_into();
    bytes.map_err(|_| anyhow::anyhow!("a key has 32 bytes"))
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written", path.display()))
}
