//! The bugs as they are written down.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// Where they are written down, below the workspace's root.
const FOLDER: &str = "tests/planted";

/// A bug that could have been made, and the tests that notice it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bug {
    /// What is broken, in a sentence; unique.
    pub name: String,
    /// What it endangers.
    pub law: Law,
    /// Cargo's words for where its tests are: a package and a target, such as `domain --lib`.
    #[serde(rename = "in")]
    pub place: String,
    /// The tests that turn red, every one of them, by the names of their functions.
    pub red: Vec<String>,
    /// Whether the tests may turn red by never ending.
    #[serde(default)]
    pub hangs: bool,
    /// What is changed.
    pub edit: Vec<Edit>,
}

/// One place that a bug changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file, from the workspace's root.
    pub file: String,
    /// A text that stands exactly once in it.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
}

/// What a bug endangers: one of the four laws, or that what is secret stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// Never collect twice.
    Twice,
    /// Never collect outside the agreement.
    Outside,
    /// Never lose a due instalment.
    Lost,
    /// Always converge on the provider's truth.
    Truth,
    /// Bank details and tokens stay secret.
    Secret,
}

impl Law {
    /// What it demands, in few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Law::Twice => "never twice",
            Law::Outside => "never outside the agreement",
            Law::Lost => "nothing lost",
            Law::Truth => "the provider's truth",
            Law::Secret => "secrets stay secret",
        }
    }
}

impl Bug {
    /// Whether its name, law, tests or files hold `text`, in any case.
    pub fn holds(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let files = self.edit.iter().map(|edit| edit.file.as_str());
        let told = [self.name.as_str(), self.law.as_str(), self.place.as_str()];
        let mut all = told
            .into_iter()
            .chain(files)
            .chain(self.red.iter().map(String::as_str));
        all.any(|part| part.to_lowercase().contains(&text))
    }

    /// The files it changes below `root`, each with its text after the change.
    ///
    /// # Errors
    ///
    /// Fails when a file cannot be read; inside, when a text does not stand exactly once where it should.
    pub fn changed(&self, root: &Path) -> anyhow::Result<Result<Vec<(PathBuf, String)>, String>> {
        let mut changed: Vec<(PathBuf, String)> = Vec::new();
        for edit in &self.edit {
            let path = root.join(&edit.file);
            let known = changed.iter().position(|(other, _)| *other == path);
            let text = match known {
                Some(place) => changed.remove(place).1,
                None => fs::read_to_string(&path).with_context(|| edit.file.clone())?,
            };
            let times = text.matches(&edit.find).count();
            if times != 1 {
                let (file, find) = (&edit.file, &edit.find);
                return Ok(Err(format!("stands {times} times in {file}: {find}")));
            }
            changed.push((path, text.replacen(&edit.find, &edit.replace, 1)));
        }
        Ok(Ok(changed))
    }
}

/// Every bug, in the order of the files' names and then as written.
///
/// # Errors
///
/// Fails when a file cannot be read or is not as this module describes it.
pub fn load(root: &Path) -> anyhow::Result<Vec<Bug>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        bug: Vec<Bug>,
    }

    let folder = root.join(FOLDER);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut bugs = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
        bugs.extend(file.bug);
    }
    Ok(bugs)
}

/// The bugs as a table: what is broken, which law that endangers, and which tests turn red.
pub fn table(bugs: &[Bug]) -> String {
    let mut lines = vec![
        "| bug | law | test |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for bug in bugs {
        let (name, law, red) = (&bug.name, bug.law.as_str(), bug.red.join("`, `"));
        lines.push(format!("| {name} | {law} | `{red}` |"));
    }
    lines.join("\n")
}
