//! The keys of an installation in a directory: made once, kept beside its database.

use std::path::Path;

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
        let path = layout.dir.join(format!("{}.keys", layout.database));
        if layout.fresh || !path.exists() {
            write_private(&path, &format!("{}\n{}\n", fresh()?, fresh()?))?;
        }
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mut lines = text.lines().map(str::to_owned);
        let (Some(uid_key), Some(data_key)) = (lines.next(), lines.next()) else {
            anyhow::bail!("{} does not hold two keys", path.display());
        };
        Ok(Keys { uid_key, data_key })
    }

    pub(super) fn data_key(&self) -> anyhow::Result<DataKey> {
        let bytes = data_encoding::HEXLOWER.decode(self.data_key.as_bytes())?;
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| anyhow::anyhow!("a data key has 32 bytes"))?;
        Ok(DataKey::new(bytes))
    }
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
