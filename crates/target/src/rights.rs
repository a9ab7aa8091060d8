//! A right or a database in, whether the account that looks and creates has it or sees it out.

use schema_map::quoted;

use crate::client::{Target, TargetError};

/// The server's code for a statement it cannot parse, as by one that is too old for the question.
const SYNTAX_ERROR: u32 = 62;

/// What a right is needed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right<'a> {
    /// The privilege, such as `CREATE TABLE`; spelled by the program, never by a user.
    pub privilege: &'static str,
    /// Database, unquoted.
    pub database: &'a str,
    /// Table, unquoted; `None` for all of the database.
    pub table: Option<&'a str>,
}

impl Right<'_> {
    /// The statement that grants it to `account`.
    #[must_use]
    pub fn grant(&self, account: &str) -> String {
        format!("GRANT {} ON {} TO {}", self.privilege, self.place(), quoted(account))
    }

    fn place(&self) -> String {
        let table = self.table.map_or_else(|| "*".to_owned(), quoted);
        format!("{}.{table}", quoted(self.database))
    }
}

impl Target {
    /// Whether there is a database that the account that looks may see.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn database_exists(&self, database: &str) -> Result<bool, TargetError> {
        let count = self
            .schema
            .query("SELECT count() FROM system.databases WHERE name = ?")
            .bind(database)
            .fetch_one::<u64>();
        Ok(self.ask(count).await? > 0)
    }

    /// Whether the account that looks and creates has a right; `None` where the server is too old
    /// to be asked (before 24.10).
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn has_right(&self, right: &Right<'_>) -> Result<Option<bool>, TargetError> {
        let question = format!("CHECK GRANT {} ON {}", right.privilege, right.place());
        match self.ask(self.schema.query_raw(&question).fetch_one::<u8>()).await {
            Ok(answer) => Ok(Some(answer != 0)),
            Err(TargetError::Refused(error)) if error.code == SYNTAX_ERROR => Ok(None),
            Err(error) => Err(error),
        }
    }
}
