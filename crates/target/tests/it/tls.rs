//! Promise: over https the server must prove who it is, by the system's authorities or a CA file.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use native_tls::Identity;
use target::{Disposition, InsertError, SettingsError};
use testkit::tls::{certificate, certificate_of_another_host};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::{fixture::Fixture, native};

/// Speaks TLS in front of the server at `upstream` (`host:port`), and says on which port.
async fn front(upstream: String, certificate: &[u8], key: &[u8]) -> Result<u16> {
    let acceptor = native_tls::TlsAcceptor::new(Identity::from_pkcs8(certificate, key)?)?;
    let acceptor = tokio_native_tls::TlsAcceptor::from(acceptor);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
            tokio::spawn(async move {
                // Whoever distrusts the certificate hangs up; the test sees that from its side.
                let mut near = acceptor.accept(connection).await.ok()?;
                let mut far = TcpStream::connect(upstream).await.ok()?;
                copy_bidirectional(&mut near, &mut far).await.ok()
            });
        }
    });
    Ok(port)
}

#[tokio::test]
async fn a_ca_file_makes_its_servers_trusted_and_no_others() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id UInt64) ENGINE = MergeTree ORDER BY id").await?;
    let upstream = fixture.settings.url.strip_prefix("http://").context("plain http")?.to_owned();
    let (pem, key) = certificate("ours")?;
    let port = front(upstream, &pem, &key).await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, text: &[u8]| -> Result<PathBuf> {
        let path = folder.path().join(name);
        fs::write(&path, text)?;
        Ok(path)
    };
    let to = |ca_file: Option<PathBuf>| {
        fixture.target_with(|settings| {
            settings.url = format!("https://127.0.0.1:{port}");
            settings.ca_file = ca_file;
        })
    };
    let chunks = native::block(1, &[("id", "UInt64", native::numbers([1]))]);
    let insert = fixture.insert("id", "token", 1, &chunks);

    let (other, _) = certificate("other")?;
    for stranger in [None, Some(file("other.pem", &other)?)] {
        let error = to(stranger)?.insert(&insert).await.err().context("a stranger was trusted")?;
        assert!(matches!(error, InsertError::Unreachable(_)), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
        assert_eq!(error.disposition(), Disposition::Retry);
    }
    // The authorities of a file may be several.
    let trusted = to(Some(file("ca.pem", &[other, pem].concat())?))?;
    trusted.insert(&insert).await?;
    assert!(trusted.inspect(&fixture.database, "t").await?.is_some());
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "1");
    Ok(())
}

/// Its authority is trusted, and it is not the host that was asked for.
#[tokio::test]
async fn a_certificate_of_another_host_is_refused() -> Result<()> {
    let fixture = Fixture::new().await?;
    fixture.table("(id UInt64) ENGINE = MergeTree ORDER BY id").await?;
    let upstream = fixture.settings.url.strip_prefix("http://").context("plain http")?.to_owned();
    let (pem, key) = certificate_of_another_host("clickhouse.example.com")?;
    let port = front(upstream, &pem, &key).await?;
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), &pem)?;
    let target = fixture.target_with(|settings| {
        settings.url = format!("https://127.0.0.1:{port}");
        settings.ca_file = Some(file.path().to_owned());
    })?;

    let chunks = native::block(1, &[("id", "UInt64", native::numbers([1]))]);
    let inserted = target.insert(&fixture.insert("id", "token", 1, &chunks)).await;
    let error = inserted.err().context("another host was trusted")?;
    assert!(matches!(error, InsertError::Unreachable(_)), "{error}");
    assert!(error.to_string().contains("mismatch"), "{error}");
    assert_eq!(fixture.query("SELECT count() FROM {db}.t").await?, "0");
    Ok(())
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_named() -> Result<()> {
    let fixture = Fixture::new().await?;
    let folder = tempfile::tempdir()?;
    let missing = folder.path().join("missing.pem");
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "no certificate here\n")?;
    for path in [missing, empty] {
        let mut settings = fixture.settings.clone();
        settings.ca_file = Some(path.clone());
        let error = target::Target::new(settings).err().context("it was accepted")?;
        let expected =
            matches!(error, SettingsError::CaFile { .. } | SettingsError::Certificates { .. });
        assert!(expected && error.to_string().contains(&path.display().to_string()), "{error}");
    }
    Ok(())
}
