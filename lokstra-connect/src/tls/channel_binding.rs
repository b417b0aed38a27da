//! `tls-server-end-point` (RFC 5929): the hash of the server's certificate, by which SCRAM notices
//! a man in the middle.

use ring::digest::{self, SHA256, SHA384, SHA512};

/// 1.2.840.113549.1.1: RSA, then 4 with MD5, 5 with SHA-1, 11 with SHA-256, 12 and 13 with longer.
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];

/// 1.2.840.10045.4: ECDSA, then 1 with SHA-1, 3.2 with SHA-256, 3.3 and 3.4 with longer.
const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];

/// `None` where the certificate's signature has no hash of its own, as with Ed25519. MD5 and SHA-1
/// count as SHA-256.
pub(super) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let oid = signature_algorithm(certificate)?;
    let algorithm = match (oid.strip_prefix(&RSA), oid.strip_prefix(&ECDSA)) {
        (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => &SHA256,
        (Some([12]), _) | (_, Some([3, 3])) => &SHA384,
        (Some([13]), _) | (_, Some([3, 4])) => &SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }`
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(certificate)?;
    let (_, rest) = element(certificate)?;
    let (algorithm, _) = element(rest)?;
    element(algorithm).map(|(oid, _)| oid)
}

/// The content of a DER element and what comes after it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[_tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match usize::from(first) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            let is_small = bytes.len() <= 4;
            let length = bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (is_small.then_some(length)?, rest)
        }
    };
    rest.split_at_checked(length)
}
