//! A database of a test's own, and a target that sees it.

use anyhow::{Context, Result};
use bytes::Bytes;
use target::{Guarantee, GuaranteeOptions, Insert, InsertError, Settings, Target, TargetError};
use testkit::Migrations;

/// A test's own database on the shared server.
pub(crate) struct Fixture {
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    pub(crate) database: String,
    admin: testkit::ClickHouse,
}

impl Fixture {
    pub(crate) async fn new() -> Result<Self> {
        Self::on(testkit::stack().await?).await
    }

    /// A database of its own on one of `servers`.
    pub(crate) async fn on(servers: &testkit::Servers) -> Result<Self> {
        let settings = Settings {
            url: servers.clickhouse_http.clone(),
            user: servers.sink.name.clone(),
            password: servers.sink.password.clone(),
            schema_user: servers.schema.name.clone(),
            schema_password: servers.schema.password.clone(),
            ..Settings::default()
        };
        let target = Target::new(settings.clone())?;
        let database = testkit::unique("target");
        target.create_database_if_missing(&database).await?;
        Ok(Self { target, settings, database, admin: servers.clickhouse() })
    }

    /// Creates the table `t` with these columns and clauses.
    pub(crate) async fn table(&self, definition: &str) -> Result<()> {
        let sql = format!("CREATE TABLE {}.t {definition}", self.database);
        self.target.execute_ddl(&sql).await.context("create table")
    }

    /// A target with other settings.
    pub(crate) fn target_with(&self, change: impl FnOnce(&mut Settings)) -> Result<Target> {
        let mut settings = self.settings.clone();
        change(&mut settings);
        Ok(Target::new(settings)?)
    }

    /// An insert into `t`.
    pub(crate) fn insert<'a>(
        &'a self,
        columns: &'a str,
        token: &'a str,
        rows: u64,
        chunks: &'a [Bytes],
    ) -> Insert<'a> {
        Insert { database: &self.database, table: "t", columns, token, rows, chunks }
    }

    /// Inserts numbers into column `id` of `t`.
    pub(crate) async fn insert_ids(
        &self,
        token: &str,
        ids: impl IntoIterator<Item = u64>,
    ) -> Result<(), InsertError> {
        let data = crate::native::numbers(ids);
        let rows = data.len() as u64 / 8;
        let chunks = crate::native::block(rows, &[("id", "UInt64", data)]);
        self.target.insert(&self.insert("id", token, rows, &chunks)).await
    }

    /// What the table `t` gives to a pipeline that accepts no unverified engine.
    pub(crate) async fn guarantee(&self) -> Result<Guarantee, TargetError> {
        self.target.guarantee(&self.database, "t", &GuaranteeOptions::default()).await
    }

    /// The repository's migrations for the database, which the administrator applies.
    pub(crate) async fn migrations(&self) -> Result<Migrations> {
        Migrations::new(&self.admin, &testkit::stack().await?.admin, &self.database)
    }

    /// Runs a query as administrator; `{db}` stands for the database.
    pub(crate) async fn query(&self, sql: &str) -> Result<String> {
        self.admin.query(&sql.replace("{db}", &self.database)).await
    }
}
