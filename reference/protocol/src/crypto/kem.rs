//! HPKE, RFC 9180, in base mode with one suite: DHKEM(P-256, HKDF-SHA256)
//! (0x0010), HKDF-SHA256 (0x0001), AES-128-GCM (0x0001).
//!
//! One message per encapsulation, sequence number 0 (section 6.1). The
//! exporter secret (section 5.3) is available along with it.

use core::fmt;

use hpke::aead::{AeadCtxR, AeadCtxS, AesGcm128};
use hpke::kdf::HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::p256_codec::{Point, random_scalar};
use super::{CryptoError, SecretBytes, backend};

/// Longest `info` and exporter context in bytes. RFC 9180 section 7.2.1 allows
/// far more with HKDF-SHA256, the crate underneath does not.
pub const HPKE_INFO_MAX: usize = 65_000;

/// A private key, a scalar in 1..n-1.
#[derive(Clone)]
pub struct KemSecret {
    scalar: SecretBytes<32>,
    public: KemPublic,
}

impl KemSecret {
    /// A uniformly random key: the first 32 bytes from `rng` that are a scalar
    /// in 1..n-1, big-endian (FIPS 186-5 appendix A.2.2). This is not
    /// DeriveKeyPair of RFC 9180 section 7.1.3.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Result<Self, CryptoError> {
        Self::from_secret(random_scalar(rng))
    }

    /// Reads a big-endian scalar. Zero, and n or more, are
    /// [`CryptoError::InvalidKey`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, CryptoError> {
        Self::from_secret(SecretBytes::new(*bytes))
    }

    pub(crate) fn from_secret(scalar: SecretBytes<32>) -> Result<Self, CryptoError> {
        let public = KemPublic(Point::of_scalar(&scalar)?);
        Ok(Self { scalar, public })
    }

    /// The big-endian scalar, 32 bytes.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.scalar.as_bytes())
    }

    /// The public key.
    pub fn public(&self) -> KemPublic {
        self.public
    }
}

impl fmt::Debug for KemSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KemSecret")
    }
}

/// A public key, a point on the curve. Its order is that of its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KemPublic(Point);

impl KemPublic {
    /// Reads a point of exactly 65 bytes, `04 || x || y` (RFC 9180 section
    /// 7.1.1). Anything else is [`CryptoError::InvalidKey`]: another length or
    /// form, off the curve, infinity.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        Point::from_bytes(bytes).map(Self)
    }

    /// The encoding that [`Self::from_bytes`] reads.
    pub fn as_bytes(&self) -> &[u8; 65] {
        self.0.as_bytes()
    }
}

/// Encrypts `plaintext` to `public`: the encapsulated key, and the ciphertext
/// of `plaintext.len() + 16` bytes (SealBase of RFC 9180 section 6.1).
///
/// Takes 32 bytes from `rng`. An `info` longer than [`HPKE_INFO_MAX`], or a
/// plaintext too long for AES-GCM, is [`CryptoError::InvalidParameter`].
pub fn hpke_seal<R: CryptoRng + ?Sized>(
    public: &KemPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut R,
) -> Result<([u8; 65], Vec<u8>), CryptoError> {
    let (enc, mut context) = sender(public, info, rng)?;
    let ciphertext = context
        .seal(plaintext, aad)
        .map_err(|_| CryptoError::InvalidParameter)?;
    Ok((enc, ciphertext))
}

/// Decrypts what [`hpke_seal`] made (OpenBase of RFC 9180 section 6.1).
///
/// An `enc` that is no point on the curve and a ciphertext that does not
/// authenticate are both [`CryptoError::DecryptionFailed`]. An `info` longer
/// than [`HPKE_INFO_MAX`] is [`CryptoError::InvalidParameter`].
pub fn hpke_open(
    secret: &KemSecret,
    enc: &[u8; 65],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    receiver(secret, enc, info)?
        .open(ciphertext, aad)
        .map(Zeroizing::new)
        .map_err(|_| CryptoError::DecryptionFailed)
}

/// The KEM's shared secret (Decap of RFC 9180 section 4.1), an inner step of [`hpke_open`], public so
/// that test vectors can show it. Same errors.
pub fn hpke_shared_secret(
    secret: &KemSecret,
    enc: &[u8; 65],
) -> Result<SecretBytes<32>, CryptoError> {
    Point::from_bytes(enc).map_err(|_| CryptoError::DecryptionFailed)?;
    let enc =
        <Group as Kem>::EncappedKey::from_bytes(enc).map_err(|_| CryptoError::DecryptionFailed)?;
    let secret = <Group as Kem>::PrivateKey::from_bytes(secret.scalar.as_bytes())
        .map_err(|_| CryptoError::InvalidKey)?;
    let shared = Group::decap(&secret, None, &enc).map_err(|_| CryptoError::DecryptionFailed)?;
    Ok(SecretBytes::new(shared.0.into()))
}

/// [`hpke_seal`], and 32 bytes of Context.Export for `exporter_context` (RFC
/// 9180 section 5.3), which has the same length limit as `info`.
pub fn hpke_seal_export<R: CryptoRng + ?Sized>(
    public: &KemPublic,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    exporter_context: &[u8],
    rng: &mut R,
) -> Result<([u8; 65], Vec<u8>, SecretBytes<32>), CryptoError> {
    check_length(exporter_context)?;
    let (enc, mut context) = sender(public, info, rng)?;
    let ciphertext = context
        .seal(plaintext, aad)
        .map_err(|_| CryptoError::InvalidParameter)?;
    let mut exported = SecretBytes::zero();
    context
        .export(exporter_context, exported.as_mut_bytes())
        .map_err(|_| CryptoError::InvalidParameter)?;
    Ok((enc, ciphertext, exported))
}

/// [`hpke_open`], and the same 32 exported bytes as [`hpke_seal_export`]. They
/// are returned only if the ciphertext authenticates.
pub fn hpke_open_export(
    secret: &KemSecret,
    enc: &[u8; 65],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
    exporter_context: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, SecretBytes<32>), CryptoError> {
    check_length(exporter_context)?;
    let mut context = receiver(secret, enc, info)?;
    let plaintext = context
        .open(ciphertext, aad)
        .map(Zeroizing::new)
        .map_err(|_| CryptoError::DecryptionFailed)?;
    let mut exported = SecretBytes::zero();
    context
        .export(exporter_context, exported.as_mut_bytes())
        .map_err(|_| CryptoError::InvalidParameter)?;
    Ok((plaintext, exported))
}

type Group = backend::DhKem;
type Sender = AeadCtxS<AesGcm128, HkdfSha256, Group>;
type Receiver = AeadCtxR<AesGcm128, HkdfSha256, Group>;

fn sender<R: CryptoRng + ?Sized>(
    public: &KemPublic,
    info: &[u8],
    mut rng: &mut R,
) -> Result<([u8; 65], Sender), CryptoError> {
    check_length(info)?;
    let public = <Group as Kem>::PublicKey::from_bytes(public.as_bytes())
        .map_err(|_| CryptoError::InvalidKey)?;
    let (enc, context): (<Group as Kem>::EncappedKey, Sender) =
        hpke::setup_sender_with_rng(&OpModeS::Base, &public, info, &mut rng)
            .map_err(|_| CryptoError::InvalidKey)?;
    Ok((enc.to_bytes().into(), context))
}

fn receiver(secret: &KemSecret, enc: &[u8; 65], info: &[u8]) -> Result<Receiver, CryptoError> {
    check_length(info)?;
    Point::from_bytes(enc).map_err(|_| CryptoError::DecryptionFailed)?;
    let enc =
        <Group as Kem>::EncappedKey::from_bytes(enc).map_err(|_| CryptoError::DecryptionFailed)?;
    let secret = <Group as Kem>::PrivateKey::from_bytes(secret.scalar.as_bytes())
        .map_err(|_| CryptoError::InvalidKey)?;
    hpke::setup_receiver(&OpModeR::Base, &secret, &enc, info)
        .map_err(|_| CryptoError::DecryptionFailed)
}

fn check_length(info: &[u8]) -> Result<(), CryptoError> {
    (info.len() <= HPKE_INFO_MAX)
        .then_some(())
        .ok_or(CryptoError::InvalidParameter)
}

#[cfg(test)]
mod tests {
    use rand_core::{TryCryptoRng, TryRng};

    use super::super::testing::{hex, hex_array, rng};
    use super::*;

    const G: &str = "04
        6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
        4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    // RFC 9180 appendix A.3.1.
    const INFO: &[u8] = b"Ode on a Grecian Urn";
    const AAD: &[u8] = b"Count-0";
    const PLAINTEXT: &[u8] = b"Beauty is truth, truth beauty";
    const IKM_E: &str = "4270e54ffd08d79d5928020af4686d8f6b7d35dbe470265f1f5aa22816ce860e";
    const SK_R: &str = "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2";
    const PK_R: &str = "04
        fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82
        6a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0";
    const ENC: &str = "04
        a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9
        8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4";
    const CIPHERTEXT: &str = "
        5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f
        9076ac232e3ab2523f39513434";
    const SHARED: &str = "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8";
    const EXPORTED: &str = "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a";
    // Section A.3.1.2, for exporter contexts of no bytes and of a zero byte.
    const EXPORTED_EMPTY: &str = "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d";
    const EXPORTED_ZERO: &str = "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796";

    /// Gives out the bytes it holds, once.
    struct Fixed(Vec<u8>);

    impl TryRng for Fixed {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            unimplemented!()
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            unimplemented!()
        }

        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<_>>());
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    #[test]
    fn rfc_9180_a_3_1_open() {
        let secret = KemSecret::from_bytes(&hex_array(SK_R)).unwrap();
        assert_eq!(secret.public().as_bytes()[..], hex(PK_R)[..]);
        let (enc, ciphertext) = (hex_array(ENC), hex(CIPHERTEXT));
        let opened = hpke_open(&secret, &enc, INFO, AAD, &ciphertext).unwrap();
        assert_eq!(*opened, PLAINTEXT);
        for (context, expected) in [
            (b"".as_slice(), EXPORTED_EMPTY),
            (&[0], EXPORTED_ZERO),
            (b"TestContext", EXPORTED),
        ] {
            let (opened, exported) =
                hpke_open_export(&secret, &enc, INFO, AAD, &ciphertext, context).unwrap();
            assert_eq!(*opened, PLAINTEXT);
            assert_eq!(exported.as_bytes()[..], hex(expected)[..]);
        }
        let shared = hpke_shared_secret(&secret, &enc).unwrap();
        assert_eq!(shared.as_bytes()[..], hex(SHARED)[..]);
    }

    /// Section A.3.1.1 goes on with sequence numbers 1, 2, 4, 255 and 256. A context here opens one
    /// message, the one of number 0; what was sealed as the next does not open.
    #[test]
    fn rfc_9180_a_3_1_later_numbers() {
        let secret = KemSecret::from_bytes(&hex_array(SK_R)).unwrap();
        let next = hex("
            fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06
            646e0329cbdf3c3cd655b28e82");
        let opened = hpke_open(&secret, &hex_array(ENC), INFO, b"Count-1", &next);
        assert_eq!(opened, Err(CryptoError::DecryptionFailed));
        let mut context = receiver(&secret, &hex_array(ENC), INFO).unwrap();
        assert_eq!(context.open(&hex(CIPHERTEXT), AAD).unwrap(), PLAINTEXT);
        assert_eq!(context.open(&next, b"Count-1").unwrap(), PLAINTEXT);
    }

    /// The ephemeral key is DeriveKeyPair of 32 bytes from the generator, as
    /// in the appendix.
    #[test]
    fn rfc_9180_a_3_1_seal() {
        let public = KemPublic::from_bytes(&hex(PK_R)).unwrap();
        let mut ikm = Fixed(hex(IKM_E));
        let (enc, ciphertext, exported) =
            hpke_seal_export(&public, INFO, AAD, PLAINTEXT, b"TestContext", &mut ikm).unwrap();
        assert_eq!(enc, hex_array(ENC));
        assert_eq!(ciphertext, hex(CIPHERTEXT));
        assert_eq!(exported.as_bytes()[..], hex(EXPORTED)[..]);
        assert!(ikm.0.is_empty());
    }

    #[test]
    fn refuses_every_change() {
        let secret = KemSecret::generate(&mut rng(1)).unwrap();
        let (enc, ciphertext) =
            hpke_seal(&secret.public(), b"info", b"aad", b"text", &mut rng(2)).unwrap();
        let failed = Err(CryptoError::DecryptionFailed);

        let opened = hpke_open(&secret, &enc, b"info", b"aad", &ciphertext);
        assert_eq!(**opened.as_ref().unwrap(), *b"text");
        for i in 0..ciphertext.len() {
            let mut changed = ciphertext.clone();
            changed[i] ^= 1;
            assert_eq!(hpke_open(&secret, &enc, b"info", b"aad", &changed), failed);
        }
        for i in 0..65 {
            let mut changed = enc;
            changed[i] ^= 1;
            assert_eq!(
                hpke_open(&secret, &changed, b"info", b"aad", &ciphertext),
                failed
            );
        }
        let other = KemSecret::generate(&mut rng(3)).unwrap();
        assert_eq!(
            hpke_open(&other, &enc, b"info", b"aad", &ciphertext),
            failed
        );
        assert_eq!(
            hpke_open(&secret, &enc, b"info.", b"aad", &ciphertext),
            failed
        );
        assert_eq!(
            hpke_open(&secret, &enc, b"info", b"aad.", &ciphertext),
            failed
        );
        assert_eq!(hpke_open(&secret, &enc, b"info", b"aad", b""), failed);
        assert_eq!(
            hpke_open(&secret, &enc, b"info", b"aad", &ciphertext[..15]),
            failed
        );
    }

    #[test]
    fn length_limit() {
        let secret = KemSecret::generate(&mut rng(1)).unwrap();
        let public = secret.public();
        let longest = vec![0; HPKE_INFO_MAX];
        let (enc, ciphertext, _) =
            hpke_seal_export(&public, &longest, b"", b"", &longest, &mut rng(2)).unwrap();
        assert!(hpke_open(&secret, &enc, &longest, b"", &ciphertext).is_ok());

        let longer = vec![0; HPKE_INFO_MAX + 1];
        let refused = CryptoError::InvalidParameter;
        let sealed = hpke_seal(&public, &longer, b"", b"", &mut rng(2));
        assert_eq!(sealed.unwrap_err(), refused);
        let sealed = hpke_seal_export(&public, b"", b"", b"", &longer, &mut rng(2));
        assert_eq!(sealed.unwrap_err(), refused);
        let opened = hpke_open(&secret, &enc, &longer, b"", &ciphertext);
        assert_eq!(opened.unwrap_err(), refused);
        let opened = hpke_open_export(&secret, &enc, &longest, b"", &ciphertext, &longer);
        assert_eq!(opened.unwrap_err(), refused);
    }

    #[test]
    fn points() {
        let g = hex(G);
        assert_eq!(KemPublic::from_bytes(&g).unwrap().as_bytes()[..], g[..]);

        let compressed = |tag: u8| [&[tag][..], &g[1..33]].concat();
        let tagged = |tag: u8| [&[tag][..], &g[1..]].concat();
        let mut off_curve = g.clone();
        off_curve[64] ^= 1;
        // The point with x = 0, and its encoding with p in place of 0.
        let y = hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
        let p = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
        assert!(KemPublic::from_bytes(&[&[4], &[0; 32][..], &y].concat()).is_ok());
        for bad in [
            vec![],
            vec![0],     // infinity
            vec![0; 65], // its other spellings
            [vec![4], vec![0; 64]].concat(),
            compressed(2),
            compressed(3),
            compressed(5), // SEC 1 compact
            tagged(5),
            tagged(6), // hybrid
            tagged(7),
            tagged(2),
            off_curve,
            [&[4], &p[..], &y].concat(),
            [vec![4], vec![255; 64]].concat(),
            g[..64].to_vec(),
            [&g[..], &[0]].concat(),
        ] {
            let result = KemPublic::from_bytes(&bad);
            assert_eq!(result, Err(CryptoError::InvalidKey), "{bad:02x?}");
        }
    }

    #[test]
    fn scalars() {
        let one = core::array::from_fn(|i| u8::from(i == 31));
        let secret = KemSecret::from_bytes(&one).unwrap();
        assert_eq!(secret.public().as_bytes()[..], hex(G)[..]);
        assert_eq!(*secret.to_bytes(), one);
        for bad in [[0; 32], hex_array(ORDER), [255; 32]] {
            let result = KemSecret::from_bytes(&bad).map(drop);
            assert_eq!(result, Err(CryptoError::InvalidKey));
        }
    }

    #[test]
    fn generation_is_reproducible() {
        let key = KemSecret::generate(&mut rng(1)).unwrap();
        let same = KemSecret::generate(&mut rng(1)).unwrap();
        assert_eq!(key.to_bytes(), same.to_bytes());
        assert_eq!(format!("{key:?}"), "KemSecret");
    }

    /// Zero, n and n + 1 from the generator are skipped, not reduced.
    #[test]
    fn generation_rejects_what_is_no_scalar() {
        let mut too_large: [u8; 32] = hex_array(ORDER);
        too_large[31] += 1;
        let draws = [[0; 32], hex_array(ORDER), too_large, [5; 32]].concat();
        let key = KemSecret::generate(&mut Fixed(draws)).unwrap();
        assert_eq!(*key.to_bytes(), [5; 32]);
    }
}
