//! Small changes of bytes.

/// The bytes with the lowest bit of the byte at `place` flipped.
pub fn flip(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    if let Some(byte) = flipped.get_mut(place) {
        *byte ^= 1;
    }
    flipped
}

/// The bytes without the last one.
pub fn cut(bytes: &[u8]) -> Vec<u8> {
    let most = bytes.split_last().map_or(&[][..], |(_, rest)| rest);
    most.to_vec()
}
