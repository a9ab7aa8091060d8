//! A name in, a certificate and its key out.

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    rsa::Rsa,
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

/// Makes a certificate for 127.0.0.1 that vouches for itself until tomorrow. Returns certificate
/// and key, both PEM.
///
/// # Errors
///
/// When OpenSSL refuses.
pub fn certificate(subject: &str) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    signed(subject, SubjectAlternativeName::new().ip("127.0.0.1"))
}

/// The same for a server of this name and for no address, so that nobody who reaches it at
/// 127.0.0.1 may take it for the one that was asked for.
///
/// # Errors
///
/// When OpenSSL refuses.
pub fn certificate_of_another_host(name: &str) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    signed(name, SubjectAlternativeName::new().dns(name))
}

fn signed(subject: &str, host: &mut SubjectAlternativeName) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let key = PKey::from_rsa(Rsa::generate(2_048)?)?;
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, subject)?;
    let name = name.build();
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(BigNum::from_u32(1)?.to_asn1_integer()?.as_ref())?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(&name)?;
    builder.set_not_before(Asn1Time::days_from_now(0)?.as_ref())?;
    builder.set_not_after(Asn1Time::days_from_now(1)?.as_ref())?;
    builder.set_pubkey(&key)?;
    builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
    let host = host.build(&builder.x509v3_context(None, None))?;
    builder.append_extension(host)?;
    builder.sign(&key, MessageDigest::sha256())?;
    Ok((builder.build().to_pem()?, key.private_key_to_pem_pkcs8()?))
}
