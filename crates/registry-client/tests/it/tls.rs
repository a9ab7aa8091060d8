//! Promise: a registry behind TLS is trusted when, and only when, its authority is.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use native_tls::{Identity, TlsAcceptor};
use registry_client::{Client, Disposition, Settings};

/// Serves one schema to whoever completes a handshake, until the process ends.
fn serve(certificate: &[u8], key: &[u8]) -> anyhow::Result<String> {
    let acceptor = TlsAcceptor::new(Identity::from_pkcs8(certificate, key)?)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("https://{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Ok(mut stream) = acceptor.accept(stream) else { continue };
            let body = r#"{"schema":"\"string\""}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
            let answered = stream
                .read(&mut [0; 4_096])
                .and_then(|_| write!(stream, "{head}connection: close\r\n\r\n{body}"))
                .and_then(|()| stream.shutdown());
            drop(answered); // a client that went away is not this server's business
        }
    });
    Ok(url)
}

#[tokio::test]
async fn an_authority_in_the_ca_file_is_trusted_and_no_other() -> anyhow::Result<()> {
    let (certificate, key) = testkit::tls::certificate("test")?;
    let url = serve(&certificate, &key)?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&certificate)?;

    let trusting =
        Settings { url: url.clone(), ca_file: Some(file.path().to_owned()), ..Settings::default() };
    assert_eq!(Client::new(trusting)?.schema_by_id(1).await?.text, "\"string\"");

    let wary = Settings { url, total_ms_max: 300, ..Settings::default() };
    let error = Client::new(wary)?.schema_by_id(1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(error.to_string().contains("certificate"), "{error}");
    Ok(())
}

/// Its authority is trusted, and it is not the host that was asked for.
#[tokio::test]
async fn a_certificate_of_another_host_is_refused() -> anyhow::Result<()> {
    let (certificate, key) = testkit::tls::certificate_of_another_host("registry.example.com")?;
    let url = serve(&certificate, &key)?;
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(&certificate)?;
    let ca_file = Some(file.path().to_owned());
    let settings = Settings { url, ca_file, total_ms_max: 300, ..Settings::default() };
    let error = Client::new(settings)?.schema_by_id(1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(error.to_string().contains("mismatch"), "{error}");
    Ok(())
}
