//! Statements that create or change something in, done or a classified error out.

use schema_map::quoted;

use crate::client::{Target, TargetError};

impl Target {
    /// Creates a database unless it exists.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn create_database_if_missing(&self, database: &str) -> Result<(), TargetError> {
        // An existing database needs no right to create one.
        let count = self
            .schema
            .query("SELECT count() FROM system.databases WHERE name = ?")
            .bind(database)
            .fetch_one::<u64>();
        if self.ask(count).await? > 0 {
            return Ok(());
        }
        self.execute_ddl(&format!("CREATE DATABASE IF NOT EXISTS {}", quoted(database))).await
    }

    /// Runs one statement as the account that may look and create.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached. After [`TargetError::NoAnswer`] it may have
    /// been carried out: write statements that may run twice.
    pub async fn execute_ddl(&self, sql: &str) -> Result<(), TargetError> {
        self.ask(self.schema.query_raw(sql).execute()).await
    }

    /// The server's version as it spells it, such as `26.7.2.1`.
    ///
    /// # Errors
    ///
    /// When the server refuses or cannot be reached.
    pub async fn server_version(&self) -> Result<String, TargetError> {
        self.ask(self.schema.query("SELECT version()").fetch_one::<String>()).await
    }
}
