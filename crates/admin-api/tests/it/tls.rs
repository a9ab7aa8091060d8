//! Promise: with a certificate the API speaks https and nothing else; a renewed one is taken over.

use std::{
    fs,
    path::Path,
    pin::Pin,
    time::{Duration, Instant},
};

use admin_api::{AdminApi, Config, auth::Role};
use anyhow::Context as _;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVersion};
use reqwest::{Certificate, Client, StatusCode, redirect::Policy};
use testkit::{eventually, tls::certificate};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_openssl::SslStream;

use crate::fixture::{Api, PATIENCE, Scene};

/// Handshakes that the API has at the same time, and how long one may take.
const HANDSHAKES_MAX: usize = 256;
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Long enough for the files to be looked at several times.
const LOOKS: Duration = Duration::from_secs(3);

/// Replaces the files as whoever renews them does: each at once.
fn write(folder: &Path, (pem, key): &(Vec<u8>, Vec<u8>)) -> anyhow::Result<()> {
    for (name, text) in [("cert.pem", pem), ("key.pem", key)] {
        let new = folder.join("new");
        fs::write(&new, text)?;
        fs::rename(&new, folder.join(name))?;
    }
    Ok(())
}

fn with_tls(scene: &Scene) -> anyhow::Result<Config> {
    let mut config = scene.config()?;
    config.tls.cert_file = scene.folder().join("cert.pem");
    config.tls.key_file = scene.folder().join("key.pem");
    Ok(config)
}

/// Makes a new connection for every request.
fn client(trusted: &[u8]) -> anyhow::Result<Client> {
    let authority = Certificate::from_pem(trusted)?;
    let client = Client::builder().no_proxy().timeout(PATIENCE).pool_max_idle_per_host(0);
    Ok(client.redirect(Policy::none()).tls_certs_only([authority]).build()?)
}

#[tokio::test]
async fn the_api_speaks_https_and_says_so_to_those_who_do_not() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let own = certificate("ours")?;
    write(scene.folder(), &own)?;
    let api = Api::start(with_tls(&scene)?).await?;
    let url = format!("https://{}/v1/pipelines", api.address);
    let ours = client(&own.0)?;

    let answer = ours.get(&url).bearer_auth(scene.token(Role::Viewer)).send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(ours.get(&url).send().await?.status(), StatusCode::UNAUTHORIZED);
    let stranger = client(&certificate("ours")?.0)?.get(&url).send().await;
    assert!(stranger.err().context("a stranger was trusted")?.is_connect());

    let plain = crate::fixture::refusal(api.anonymous(reqwest::Method::GET, "/")).await?;
    assert_eq!((plain.0, plain.1["title"].as_str()), (400, Some("https only")));

    // The link that logs in is https too, and so is the cookie.
    let answer = ours.get(&api.link).send().await?;
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await?);
    let code = api.link.split_once("code=").context("no code")?.1;
    let login = ours.post(format!("https://{}/login", api.address));
    let form = login.header("content-type", "application/x-www-form-urlencoded");
    let answer = form.body(format!("code={code}")).send().await?;
    let cookie = answer.headers().get("set-cookie").context("no cookie")?.to_str()?;
    assert!(cookie.ends_with("; Secure") || cookie.contains("; Secure;"), "{cookie}");
    api.stop().await
}

/// Shakes hands as one who speaks this version of TLS alone.
async fn handshake(api: &Api, version: SslVersion) -> anyhow::Result<()> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(version))?;
    context.set_max_proto_version(Some(version))?;
    context.set_cipher_list("ALL:@SECLEVEL=0")?; // so that it is not the client who refuses
    let ssl = Ssl::new(&context.build())?;
    let mut stream = SslStream::new(ssl, TcpStream::connect(api.address).await?)?;
    Ok(Pin::new(&mut stream).connect().await?)
}

#[tokio::test]
async fn versions_of_tls_before_1_2_are_refused() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    write(scene.folder(), &certificate("ours")?)?;
    let api = Api::start(with_tls(&scene)?).await?;
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        handshake(&api, version).await?;
    }
    for version in [SslVersion::TLS1, SslVersion::TLS1_1] {
        let error = handshake(&api, version).await.err().context("an old version was taken")?;
        assert!(format!("{error:#}").contains("protocol version"), "{error:#}");
    }
    api.stop().await
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_over_and_a_damaged_one_is_not() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (first, second) = (certificate("first")?, certificate("second")?);
    write(scene.folder(), &first)?;
    let api = Api::start(with_tls(&scene)?).await?;
    let url = format!("https://{}/livez", api.address);
    let (of_first, of_second) = (client(&first.0)?, client(&second.0)?);
    assert!(of_first.get(&url).send().await.is_ok());
    assert!(of_second.get(&url).send().await.is_err());

    // A key of another certificate: half way through a renewal, for as long as it takes.
    fs::write(scene.folder().join("key.pem"), &second.1)?;
    let damaged = Instant::now();
    while damaged.elapsed() < LOOKS {
        of_first.get(&url).send().await?;
    }

    write(scene.folder(), &second)?;
    eventually("the renewed certificate is used", PATIENCE, async || {
        of_second.get(&url).send().await.is_ok()
    })
    .await?;
    assert!(of_first.get(&url).send().await.is_err());
    api.stop().await
}

/// As many connections as may shake hands, and none of them says a word.
#[tokio::test]
async fn silent_connections_are_closed_and_keep_nobody_out_for_long() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let own = certificate("ours")?;
    write(scene.folder(), &own)?;
    let api = Api::start(with_tls(&scene)?).await?;
    let mut silent = Vec::new();
    for n in 0..HANDSHAKES_MAX {
        let mut connection = TcpStream::connect(api.address).await?;
        if n % 2 == 0 {
            connection.write_all(&[0x16, 0x03]).await?; // the first bytes of a handshake
        }
        silent.push(connection);
    }
    let answer = client(&own.0)?.get(format!("https://{}/", api.address)).send();
    let answer = tokio::time::timeout(HANDSHAKE_MAX * 2, answer).await??;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    for mut connection in silent {
        let mut rest = Vec::new();
        let closed = connection.read_to_end(&mut rest);
        // Closed, with or without a last word.
        drop(tokio::time::timeout(HANDSHAKE_MAX * 2, closed).await?);
    }
    api.stop().await
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() -> anyhow::Result<()> {
    let scene = Scene::new().await?;
    let (first, second) = (certificate("first")?, certificate("second")?);
    let start = async || -> anyhow::Result<String> {
        let error = AdminApi::bind(with_tls(&scene)?).await.err().context("it started")?;
        Ok(format!("{error:#}"))
    };
    assert!(start().await?.contains("tls.cert_file"));
    write(scene.folder(), &(b"nothing".to_vec(), first.1.clone()))?;
    assert!(start().await?.contains("tls.cert_file"));
    write(scene.folder(), &(first.0.clone(), b"nothing".to_vec()))?;
    assert!(start().await?.contains("tls.key_file"));
    write(scene.folder(), &(first.0, second.1))?;
    assert!(start().await?.contains("is not that of the certificate"));

    let mut config = with_tls(&scene)?;
    config.tls.key_file = "".into();
    assert!(config.check().unwrap_err().to_string().contains("belong together"));
    Ok(())
}
