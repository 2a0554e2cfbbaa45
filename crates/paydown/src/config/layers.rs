//! The layers of a configuration, one over the other, and where each value came from.
//!
//! Defaults, then the file (`paydown.toml`, or the one named), then `DATABASE_URL`, then
//! `PAYDOWN_…` variables, nested by `__`: `PAYDOWN_WORKER__LEASE_MS` sets `worker.lease_ms`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::keys::{KEYS, Key, whole_number};
use super::{Config, ConfigError, Problem, rules};
use crate::runtime::END_WITH_STDIN;

const PREFIX: &str = "PAYDOWN_";

/// Variables of ours that are not configuration.
const NOT_KEYS: &[&str] = &["PAYDOWN_CONFIG", "PAYDOWN_API_KEY", END_WITH_STDIN];

/// What a configuration is read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file, which must be there; absent: `paydown.toml` of `directory`, if there is one.
    pub file: Option<PathBuf>,
    /// Where to look for `paydown.toml`.
    pub directory: PathBuf,
    /// The environment's variables.
    pub variables: BTreeMap<String, String>,
}

impl Sources {
    /// This process's: its working directory and its environment.
    pub fn of_process(file: Option<PathBuf>) -> Sources {
        let text = |text: std::ffi::OsString| text.into_string().ok();
        let variables = std::env::vars_os().filter_map(|(name, value)| text(name).zip(text(value)));
        Sources {
            file,
            directory: PathBuf::from("."),
            variables: variables.collect(),
        }
    }
}

/// One key with its value and where that came from.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// Its value; empty when unset; of a secret only whether there is one.
    pub value: String,
    /// "default", a file's path, or a variable's name.
    pub source: String,
}

/// A configuration and the origin of its values.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; every rule holds.
    pub config: Config,
    /// By key. Not the layers themselves: they hold the secrets in the clear.
    origins: BTreeMap<&'static str, String>,
}

impl Loaded {
    /// Every key with its value and origin, secrets masked.
    pub fn settings(&self) -> Vec<Setting> {
        let values = Value::serialize(&self.config).ok();
        let written = |key: &Key| values.clone()?.find(key.path).map(|value| written(&value));
        let settings = KEYS.iter().map(|key| Setting {
            key,
            value: written(key).unwrap_or_default(),
            source: self.origins.get(key.path).cloned().unwrap_or_default(),
        });
        settings.collect()
    }
}

fn origin(layers: &Figment, path: &str) -> String {
    layers
        .find_metadata(path)
        .map_or("default".to_owned(), |from| from.name.to_string())
}

fn written(value: &Value) -> String {
    match value {
        Value::Empty(..) => String::new(),
        Value::Array(_, list) => list.iter().map(written).collect::<Vec<_>>().join(", "),
        Value::String(_, text) => text.clone(),
        Value::Num(..) => whole_number(value)
            .map(|number| number.to_string())
            .unwrap_or_default(),
        Value::Char(_, letter) => letter.to_string(),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Dict(..) => String::new(),
    }
}

/// Reads and checks a configuration.
///
/// # Errors
///
/// Fails when the file cannot be read or is not TOML; else lists every unknown key, every value
/// that breaks its key's rule and every broken rule between keys, all at once.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut problems = Vec::new();
    let mut layers = vec![Layer::of(
        "default",
        Value::serialize(Config::default())
            .ok()
            .and_then(Value::into_dict)
            .unwrap_or_default(),
    )];
    layers.extend(file_layer(sources, &mut problems)?);
    layers.extend(variable_layers(&sources.variables, &mut problems));

    let layers = layers.into_iter().fold(Figment::new(), Figment::merge);
    let config: Config = layers.extract().map_err(|errors| {
        let unexpected = errors
            .into_iter()
            .map(|error| Problem::new(error.path.join("."), "", error.kind.to_string()));
        ConfigError::Invalid(unexpected.collect())
    })?;

    for rules::Broken { keys, rule } in rules::broken(&config) {
        // A key already refused stands at its default here: what follows from that misleads.
        if !keys
            .iter()
            .any(|key| problems.iter().any(|problem| problem.key == *key))
        {
            problems.push(Problem::new(keys[0], origin(&layers, keys[0]), rule));
        }
    }
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    let origins = KEYS
        .iter()
        .map(|key| (key.path, origin(&layers, key.path)))
        .collect();
    Ok(Loaded { config, origins })
}

/// One source's values.
struct Layer {
    name: String,
    values: Dict,
}

impl Layer {
    fn of(name: &str, values: Dict) -> Layer {
        Layer {
            name: name.to_owned(),
            values,
        }
    }

    fn of_key(name: &str, key: &Key, value: Value) -> Layer {
        Layer::of(
            name,
            figment::util::nest(key.path, value)
                .into_dict()
                .unwrap_or_default(),
        )
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn file_layer(sources: &Sources, problems: &mut Vec<Problem>) -> Result<Vec<Layer>, ConfigError> {
    let path = sources
        .file
        .clone()
        .unwrap_or_else(|| sources.directory.join("paydown.toml"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && sources.file.is_none() => {
            return Ok(Vec::new());
        }
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    let table: toml::Table =
        toml::from_str(&text).map_err(|error| not_toml(&path, &text, &error))?;
    let name = path.display().to_string();
    let mut leaves = Vec::new();
    if let Ok(Value::Dict(_, dict)) = Value::serialize(table) {
        flatten("", dict, &mut leaves);
    }
    let layers = leaves.into_iter().filter_map(|(path, value)| {
        let Some(key) = Key::of_path(&path) else {
            let nearest = Key::nearest(&path).path;
            let rule = format!("is not a key; did you mean {nearest}?");
            problems.push(Problem::new(path, &name, rule));
            return None;
        };
        checked(&name, key, value, problems)
    });
    Ok(layers.collect())
}

fn checked(name: &str, key: &Key, value: Value, problems: &mut Vec<Problem>) -> Option<Layer> {
    if key.kind.allows(&value) {
        return Some(Layer::of_key(name, key, value));
    }
    problems.push(Problem::new(key.path, name, key.kind.rule()));
    None
}

fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    ConfigError::NotToml {
        path: path.to_owned(),
        line: 1 + before.matches('\n').count(),
        message: error.message().to_owned(),
    }
}

/// Every value that is not a table, with its path; an empty or unknown table too, to be refused.
fn flatten(prefix: &str, dict: Dict, into: &mut Vec<(String, Value)>) {
    for (name, value) in dict {
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        let is_section = KEYS
            .iter()
            .any(|key| key.path.starts_with(&format!("{path}.")));
        let inner = value
            .as_dict()
            .filter(|inner| is_section || !inner.is_empty());
        match inner {
            Some(inner) => flatten(&path, inner.clone(), into),
            None => into.push((path, value)),
        }
    }
}

fn variable_layers(
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Vec<Layer> {
    // An empty variable is an unset one: compose files and CI pass them on so.
    let set = variables.iter().filter(|(_, text)| !text.is_empty());
    let (ours, others): (Vec<_>, Vec<_>) = set.partition(|(name, _)| name.starts_with(PREFIX));
    let given = others.iter().find(|(name, _)| *name == "DATABASE_URL");
    let database = given.and_then(|(name, text)| Some((name, Key::of_path("database.url")?, text)));
    let mut layers = Vec::new();
    if let Some((name, key, text)) = database {
        layers.extend(checked(name, key, key.kind.read(text), problems));
    }
    for (name, text) in ours {
        if NOT_KEYS.contains(&name.as_str()) || is_service_link(name) {
            continue;
        }
        let path = name[PREFIX.len()..].to_lowercase().replace("__", ".");
        match Key::of_path(&path) {
            Some(key) => layers.extend(checked(name, key, key.kind.read(text), problems)),
            None => {
                let nearest = Key::nearest(&path).variable();
                let rule = format!("sets no key; did you mean {nearest}?");
                problems.push(Problem::new(name, name, rule));
            }
        }
    }
    layers
}

/// Whether Kubernetes put the variable there, for a Service called `paydown` or `paydown-…`:
/// `PAYDOWN_PORT_8080_TCP_ADDR`, `PAYDOWN_API_SERVICE_HOST`. Refusing them would stop every pod.
fn is_service_link(name: &str) -> bool {
    let service = name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT");
    let port = name.split_once("_PORT").is_some_and(|(_, rest)| {
        let number = rest.strip_prefix('_').unwrap_or(rest);
        rest.is_empty() || number.starts_with(|digit: char| digit.is_ascii_digit())
    });
    !name.contains("__") && (service || port)
}
