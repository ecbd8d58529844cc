//! The account's passphrase: ten words, drawn uniformly from the 2,048 of BIP-39's English list.
//!
//! 10 × 11 = 110 bits of entropy (paper section 3.2.1 asks for ten words and names no list). Words
//! of this list differ in their first four letters, so those suffice when typing.

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{AccountError, Result};

/// Number of words.
pub const WORDS: usize = 10;

/// Bits of entropy of a generated passphrase.
pub const ENTROPY_BITS: usize = WORDS * 11;

/// A passphrase of ten words, in its one canonical form: lower case, single spaces.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Draws ten words.
    pub fn generate<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        for _ in 0..WORDS {
            let mut draw = [0; 2];
            rng.fill_bytes(&mut draw);
            if !words.is_empty() {
                words.push(' ');
            }
            // 2,048 divides 65,536: the low eleven bits are uniform.
            words.push_str(list()[usize::from(u16::from_be_bytes(draw)) % list().len()]);
            draw.zeroize();
        }
        Self(words)
    }

    /// Reads what a person typed: any case, any white space, each word whole or its first four
    /// letters.
    ///
    /// # Errors
    /// `word-count`, `unknown-word`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        if text.split_whitespace().count() != WORDS {
            return Err(AccountError::WordCount.into());
        }
        for typed in text.split_whitespace() {
            let typed = Zeroizing::new(typed.to_ascii_lowercase());
            let word = list()
                .iter()
                .find(|word| **word == *typed || (typed.len() == 4 && word.starts_with(&*typed)))
                .ok_or(AccountError::UnknownWord)?;
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Ok(Self(words))
    }

    /// The words, to be shown to the owner once.
    pub fn words(&self) -> &str {
        &self.0
    }

    /// What the passphrase function takes: the canonical form in UTF-8.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

fn list() -> &'static [&'static str; 2048] {
    bip39::Language::English.word_list()
}
