//! A missing right is told before it is needed.

use anyhow::Result;
use target::rights::Right;

use crate::fixture::Fixture;

#[tokio::test]
async fn rights_are_told_as_the_server_has_them() -> Result<()> {
    let fixture = Fixture::new().await?;
    let right = |privilege, database| Right { privilege, database, table: Some("t") };
    let own = fixture.database.as_str();
    for privilege in ["SELECT", "CREATE TABLE"] {
        assert_eq!(fixture.target.has_right(&right(privilege, own)).await?, Some(true));
        assert_eq!(fixture.target.has_right(&right(privilege, "not_ours")).await?, Some(false));
    }
    assert!(fixture.target.database_exists(own).await?);
    assert!(!fixture.target.database_exists("not_there").await?, "what is missing is told");
    let grant = right("CREATE TABLE", "a`b").grant("me");
    assert_eq!(grant, "GRANT CREATE TABLE ON `a\\`b`.`t` TO `me`");
    Ok(())
}

#[tokio::test]
async fn an_outlook_promises_what_the_guarantee_will() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id Int64) ENGINE = MergeTree ORDER BY id").await?;
    let options = target::GuaranteeOptions::default();
    // An account that may only look comes to the same.
    let reader = testkit::stack().await?.reader.clone();
    let looker = fixture.target_with(|settings| {
        settings.user = reader.name;
        settings.password = reader.password;
    })?;
    let outlook = looker.outlook(&fixture.database, "t", &options).await?;
    assert_eq!(outlook, fixture.guarantee().await?);
    assert!(looker.guarantee(&fixture.database, "t", &options).await.is_err(), "it may not insert");
    Ok(())
}
