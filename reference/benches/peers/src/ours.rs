//! The product, with each backend: what the sections measure of it, from one text.

/// With RustCrypto, as it is built by default.
pub mod default {
    use encryptediot as product;
    include!("measured.rs");
}

/// With AWS-LC.
#[allow(dead_code, reason = "some is asked of one backend")]
pub mod aws_lc {
    use encryptediot_aws_lc as product;
    include!("measured.rs");
}
