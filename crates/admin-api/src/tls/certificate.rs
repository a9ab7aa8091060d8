//! Files of a certificate and its key in, what handshakes are made with out; read again when they
//! change, since certificates are renewed.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, ensure};
use openssl::{
    error::ErrorStack,
    pkey::PKey,
    ssl::{SslAcceptor, SslMethod},
    x509::X509,
};
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A certificate as it was read last.
pub(crate) struct Certificate {
    cert_file: PathBuf,
    key_file: PathBuf,
    known: RwLock<(SslAcceptor, Stamp)>,
}

/// What tells one state of both files from another.
type Stamp = [Option<(u64, u64, Option<SystemTime>)>; 2];

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("cert_file", &self.cert_file).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the files for the first time.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read or does not belong to the other.
    pub(crate) fn open(cert_file: PathBuf, key_file: PathBuf) -> anyhow::Result<Self> {
        let stamp = stamp(&cert_file, &key_file);
        let acceptor = read(&cert_file, &key_file)?;
        Ok(Self { cert_file, key_file, known: RwLock::new((acceptor, stamp)) })
    }

    /// What the next handshake is made with.
    pub(crate) fn acceptor(&self) -> SslAcceptor {
        self.known.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Reads the files again whenever one of them changes, until `stop`. Two that do not belong
    /// together change nothing: the second one may be about to follow.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut every = time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refused = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            let stamp = stamp(&self.cert_file, &self.key_file);
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner).1;
            if stamp == known || Some(stamp) == refused {
                continue;
            }
            match read(&self.cert_file, &self.key_file) {
                Ok(acceptor) => {
                    tracing::info!("certificate read again");
                    refused = None;
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) = (acceptor, stamp);
                }
                Err(error) => {
                    refused = Some(stamp);
                    let error = format!("{error:#}");
                    tracing::error!(error, "certificate cannot be used: the one before stays");
                }
            }
        }
    }
}

fn stamp(cert_file: &Path, key_file: &Path) -> Stamp {
    [cert_file, key_file].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.ino(), metadata.len(), metadata.modified().ok()))
    })
}

fn read(cert_file: &Path, key_file: &Path) -> anyhow::Result<SslAcceptor> {
    let certificates = text("tls.cert_file", cert_file)?;
    let certificates = X509::stack_from_pem(&certificates).ok().filter(|found| !found.is_empty());
    let certificates = certificates.with_context(|| {
        format!("tls.cert_file {} holds no certificate in PEM format", cert_file.display())
    })?;
    let key = text("tls.key_file", key_file)?;
    // Without an answer, OpenSSL would ask whoever sits at the terminal for a password.
    let key = PKey::private_key_from_pem_callback(&key, |_| Err(ErrorStack::get()));
    let key = key.ok().with_context(|| {
        format!("tls.key_file {} holds no key in PEM format without password", key_file.display())
    })?;
    let matches = || {
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
        let (first, chain) = certificates.split_first().ok_or_else(ErrorStack::get)?;
        acceptor.set_certificate(first)?;
        for certificate in chain {
            acceptor.add_extra_chain_cert(certificate.clone())?;
        }
        acceptor.set_private_key(&key)?;
        acceptor.check_private_key()?;
        Ok::<_, ErrorStack>(acceptor.build())
    };
    matches().context("the key in tls.key_file is not that of the certificate in tls.cert_file")
}

fn text(key: &str, path: &Path) -> anyhow::Result<Vec<u8>> {
    let place = || format!("read {key} {}", path.display());
    let length = fs::metadata(path).with_context(place)?.len();
    ensure!(
        length <= FILE_BYTES_MAX,
        "{key} {} is longer than {FILE_BYTES_MAX} bytes",
        path.display()
    );
    fs::read(path).with_context(place)
}
