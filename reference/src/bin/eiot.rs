//! eiot
fn main() {}
