//! Promise: the codes told apart are the server's own.

use anyhow::Result;
use target::classify;

use crate::fixture::Fixture;

#[tokio::test]
async fn every_code_has_the_servers_name() -> Result<()> {
    let fixture = Fixture::new().await?;
    let codes: Vec<String> = classify::known_codes().map(|(code, _)| code.to_string()).collect();
    let names = fixture
        .query(&format!("SELECT errorCodeToName(arrayJoin([{}]))", codes.join(", ")))
        .await?;
    let expected: Vec<&str> = classify::known_codes().map(|(_, name)| name).collect();
    assert_eq!(names.lines().collect::<Vec<_>>(), expected);
    Ok(())
}
