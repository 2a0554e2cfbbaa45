//! What the database can answer besides rows.

/// Why a store function did not do its work. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique value is taken, or another rule of the schema forbids the row.
    #[error("the database refuses the row: constraint {constraint}")]
    Constraint {
        /// The constraint's name, as written in the migrations.
        constraint: String,
        /// What PostgreSQL said.
        #[source]
        source: sqlx::Error,
    },
    /// The schema in the database is older than this binary.
    #[error("the database's schema is behind this binary: run `paydown migrate`")]
    SchemaBehind,
    /// A stored value is not one this binary writes.
    #[error("row {id} holds a {what} this binary does not understand")]
    Undecodable {
        /// The row's id.
        id: String,
        /// Which value.
        what: &'static str,
    },
    /// Personal data could not be opened: another data key, or a damaged row.
    #[error("a sealed value cannot be opened with this data key")]
    Unsealable,
    /// The database was written under another key.
    #[error("this database was written with another {purpose} key")]
    OtherKey {
        /// Which key: `uid` or `data`.
        purpose: &'static str,
    },
    /// A migration failed.
    #[error("a migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database did not answer, or did not understand.
    #[error("the database did not do as asked")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed a moment later.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "sqlx's errors are an open list"
    )]
    pub fn is_transient(&self) -> bool {
        match self {
            StoreError::Database(source) => match source {
                sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                    // Serialization failure, deadlock, and the server going away or coming up.
                    code == "40001" || code == "40P01" || code.starts_with("57P")
                }),
                other => matches!(
                    other,
                    sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Protocol(_)
                ),
            },
            StoreError::Constraint { .. }
            | StoreError::SchemaBehind
            | StoreError::Undecodable { .. }
            | StoreError::Unsealable
            | StoreError::OtherKey { .. }
            | StoreError::Migration(_) => false,
        }
    }

    /// The name of the constraint that refused the row, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            StoreError::Constraint { constraint, .. } => Some(constraint),
            StoreError::SchemaBehind
            | StoreError::Undecodable { .. }
            | StoreError::Unsealable
            | StoreError::OtherKey { .. }
            | StoreError::Migration(_)
            | StoreError::Database(_) => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "sqlx's errors are an open list"
    )]
    fn from(source: sqlx::Error) -> StoreError {
        let constraint = match &source {
            sqlx::Error::Database(error) => error.constraint().map(str::to_owned),
            _ => None,
        };
        match constraint {
            Some(constraint) => StoreError::Constraint { constraint, source },
            None => StoreError::Database(source),
        }
    }
}
