//! What a verb answers, on stdout. A reader that has seen enough (`… | head`) is no error.

use std::io::{self, ErrorKind, Write};

use comfy_table::{Table, presets};
use serde::Serialize;

/// Writes lines of text.
pub fn text(text: &str) -> io::Result<()> {
    write_to(&mut io::stdout().lock(), text)
}

/// Writes a value as one JSON document.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    text(&serde_json::to_string(value)?)
}

/// Writes rows in aligned columns.
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    text(&table.trim_fmt())
}

fn write_to(to: &mut impl Write, text: &str) -> io::Result<()> {
    let written = to
        .write_all(text.as_bytes())
        .and_then(|()| to.write_all(b"\n"));
    match written.and_then(|()| to.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_left_is_no_error_and_a_full_disk_is() {
        assert!(write_to(&mut Failing(ErrorKind::BrokenPipe), "text").is_ok());
        assert!(write_to(&mut Failing(ErrorKind::StorageFull), "text").is_err());
    }
}
