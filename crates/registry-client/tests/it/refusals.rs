//! Promise: a registry's "no" is final, told apart by kind, and never repeats a secret.

use registry_client::{Auth, Client, Disposition, NewSchema, RegistryError, Settings};

use crate::server::{Reply, Server};

#[tokio::test]
async fn refused_credentials_are_not_sent_again() -> anyhow::Result<()> {
    for status in [401, 403] {
        let server = Server::start(move |_| Reply::error(status, status.into())).await?;
        let auth = Auth::Basic { user: "me".to_owned(), password: "hunter2".into() };
        let client = Client::new(Settings { auth, ..server.settings() })?;
        let error = client.schema_by_id(1).await.unwrap_err();
        assert!(matches!(&error, RegistryError::Denied { status: seen, .. } if *seen == status));
        assert_eq!(error.disposition(), Disposition::Stop);
        assert_eq!(server.requests(), 1);
        assert!(!format!("{error} {error:?} {client:?}").contains("hunter2"));
    }
    Ok(())
}

#[tokio::test]
async fn credentials_are_sent_as_configured() -> anyhow::Result<()> {
    let server = Server::start(|request| {
        let text = &request.text;
        let known = text.contains("authorization: Basic bWU6aHVudGVyMg==")
            || text.contains("authorization: Bearer t0ken");
        if known { Reply::schema() } else { Reply::status(401) }
    })
    .await?;
    for (auth, accepted) in [
        (Auth::Basic { user: "me".to_owned(), password: "hunter2".into() }, true),
        (Auth::Bearer("t0ken".into()), true),
        (Auth::None, false),
    ] {
        let client = Client::new(Settings { auth, ..server.settings() })?;
        assert_eq!(client.schema_by_id(1).await.is_ok(), accepted);
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_id_is_said_to_be_unknown_and_not_asked_for_again_at_once() -> anyhow::Result<()>
{
    let server = Server::start(|_| Reply::error(404, 40_403)).await?;
    let settings = Settings { not_found_ms: 60_000, ..server.settings() };
    let client = Client::new(settings)?;
    for _ in 0..3 {
        let error = client.schema_by_id(1).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::NotFound);
    }
    assert_eq!(server.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn an_incompatible_schema_is_rejected_with_the_registrys_words() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::error(409, 409)).await?;
    let error = server.client()?.register("s", &NewSchema::default()).await.unwrap_err();
    let RegistryError::Rejected { status, message, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*status, message.as_str()), (409, "sorry"));
    assert_eq!(error.disposition(), Disposition::Stop);
    assert_eq!(server.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn redirects_are_not_followed() -> anyhow::Result<()> {
    let other = Server::start(|_| Reply::schema()).await?;
    let place = format!("location: {}/schemas/ids/1", other.settings().url);
    let server = Server::start(move |_| Reply::status(302).header(&place)).await?;
    let client = Client::new(Settings { total_ms_max: 300, ..server.settings() })?;
    let error = client.schema_by_id(1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert_eq!(other.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn subjects_are_escaped_and_cannot_leave_their_place_in_the_path() -> anyhow::Result<()> {
    let server = Server::start(|_| Reply::ok("[1]")).await?;
    let client = server.client()?;
    assert_eq!(client.versions("a/b ?#%é").await?, [1]);
    assert_eq!(server.lines(), ["GET /base/subjects/a%2Fb%20%3F%23%25%C3%A9/versions"]);
    for subject in ["", ".", ".."] {
        let error = client.versions(subject).await.unwrap_err();
        assert_eq!(error.disposition(), Disposition::Stop);
    }
    assert_eq!(server.requests(), 1);
    Ok(())
}
