//! Reference implementation of EncryptedIoT.
